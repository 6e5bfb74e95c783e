# SPDX-License-Identifier: MIT
"""All rules that a littlefs v2 image has to keep, numbered as in the guide to the format.

Errors are never legal, states are what a power cut may leave, notes are neither. The thread is
judged as repair would mend it: a head that only overlaps a directory of the tree is replaced by
that directory before the walk goes on, because the tree is written first. Whatever lets the thread
differ from the tree is legal only while the orphan flag is set.

Rule 11 of the guide is what a reader need not mind. If the unit is known in which the image was
programmed, it is an error: a careful writer leaves none of it.
"""
from lfs2_image import BROKEN, CTZ, DELETE, END, FCRC, INLINE, MAGIC, MAX_PAYLOAD, SUPER, UNBEGUN
from lfs2_image import RECORD, crc, record_of
from lfs_common import MAX_FILE_SIZE, SUPER_PAIR, Corrupt, Findings, is_nil, show

STATES = ('flag', 'half-orphan', 'orphan', 'move', 'torn')
MAX_OWN_ENTRIES = 254


def order(name):
    """Sorts names as a directory does: of two that begin alike the longer comes first."""
    return [*name, 256]


class Checker(Findings):
    """One run over all rules of the format. The numbers of the rules are those of its guide."""

    def __init__(self, image):
        super().__init__()
        self.image = image
        self.heads = set()      # of directories, as the mended thread has them
        self.visible = []

    def remark(self, kind, text):
        """What is legal, but not from a careful writer."""
        if self.image.prog_size:
            self.error(11, f'{kind}: {text}')
        else:
            self.note(kind, text)

    def run(self):
        image = self.image
        image.mount()
        chain = self.superblocks()
        directories = image.directories()
        for directory in directories.values():
            self.directory(directory)
        in_tree = [pair for directory in directories.values() for pair in directory.pairs]
        pairs = {frozenset(pair.blocks): pair for pair in image.thread + in_tree}
        pairs.update((frozenset(pair.blocks), pair) for pair in self.mended_thread())
        for pair in pairs.values():
            self.pair(pair, pair in chain)
        for problem in image.names()[1]:
            # Faults of entries are found above, and of directories with them.
            if problem.rule == image.RULE_TREE:
                self.error(problem.rule, str(problem))
        self.move()
        self.files([entry for pair in in_tree for entry in pair.entries])
        if not self.errors:
            self.thread_as_it_is()

    # Rules 2 and 10
    def superblocks(self):
        """The pairs from the first of the thread to the root, each with a copy of the record."""
        image, record = self.image, self.image.record
        root = next(n for n, pair in enumerate(image.thread) if pair.blocks == image.root())
        chain = image.thread[:root + 1]
        for pair in chain:
            if not pair.superblock:
                self.remark('no-copy', f'{pair.where}: no copy of the superblock')
            elif pair is not chain[-1]:
                self.copy(pair, record)
            if pair is chain[-1]:
                continue
            if not pair.more:
                self.error(10, f'{pair.where}: the way to the root has a soft tail')
            if len(pair.entries) > (1 if pair.superblock else 0):
                self.error(10, f'{pair.where}: entries in front of the root are never seen')
            for block in pair.blocks:
                self.claim(block, 'the superblock')
        self.record(chain[-1], record)
        first = chain[0].log.tags[:2]
        if [(tag.type, tag.payload[:8]) for tag in first[:1]] != [(SUPER, MAGIC)] or \
                [tag.type for tag in first[1:]] != [INLINE]:
            self.remark('order', f'{chain[0].where}: does not begin with the superblock')
        return chain

    def record(self, pair, record):
        where = pair.where
        if record.name_max > MAX_PAYLOAD or record.attr_max > MAX_PAYLOAD:
            self.error(2, f'{where}: limits of {record.name_max} and {record.attr_max} bytes')
        if record.file_max > MAX_FILE_SIZE:
            self.remark('file-max', f'{where}: files of up to {record.file_max} bytes')
        if len(pair.superblock.payload) != RECORD.size:
            self.remark('record', f'{where}: record of {len(pair.superblock.payload)} bytes')
        if record.block_count != self.image.image_blocks:
            self.note('block-count', f'{where}: {record.block_count} blocks, '
                      f'the image has {self.image.image_blocks}')

    def copy(self, pair, record):
        other = record_of(pair.superblock)
        if other.version >> 16 != 2 or other.block_size != record.block_size:
            self.error(2, f'{pair.where}: version {other.version:#x}, block size '
                       f'{other.block_size}: not as in the root')
        elif other[2:] != record[2:]:
            self.remark('stale-copy', f'{pair.where}: the root has another superblock')
        elif other != record:
            self.note('stale-version', f'{pair.where}: version {other.version:#x}')

    # Rule 3
    def move(self):
        image = self.image
        word = image.state[0]
        if image.flag:
            self.state('flag', 'the thread may differ from the tree')
        if word & 0x3FF or word >> 20 & 0x7FF not in (0, DELETE):
            self.error(3, f'global state {word:#010x}')
        if image.move is None:
            if word & 0xFFC00 or any(image.state[1:]):
                self.error(3, f'global state {image.state} without a move')
            return
        number, blocks = image.move
        hidden = [entry for pair in image.thread for entry in pair.entries
                  if image.is_hidden(entry)]
        if not hidden:
            self.error(3, f'entry {number} of pair {blocks} is moving, but there is none')
        for entry in hidden:
            self.state('move', f"'{show(entry.name)}' of {entry.where}")
            if not any(self.is_twin(entry, other) for other in self.visible):
                self.error(3, f"'{show(entry.name)}' of {entry.where} has moved nowhere")

    @staticmethod
    def is_twin(entry, other):
        if entry.structure != other.structure or entry.fault() or other.fault():
            return False
        if entry.is_dir:
            return bool(set(entry.words).intersection(other.words))
        return entry.payload == other.payload

    # Rule 5
    def directory(self, directory):
        label = f'directory {directory.first}'
        if directory.error:
            self.error(directory.error.rule, f'{label}: {directory.error}')
        for pair in directory.pairs:
            for block in pair.blocks:
                self.claim(block, label)
            if pair is not directory.pairs[0] and not pair.entries:
                self.remark('empty', f'{pair.where}: continuation without an entry')
        entries = [entry for entry in directory.entries
                   if not entry.is_super and not self.image.is_hidden(entry)]
        self.visible += entries
        seen, before = set(), None
        for name in (entry.name for entry in entries if entry.name):
            if name in seen:
                self.error(5, f"{label}: name '{show(name)}' twice")
            elif before is not None and order(before) > order(name):
                self.error(5, f"{label}: '{show(name)}' behind '{show(before)}'")
            seen.add(name)
            before = name

    # Rule 7
    def mended_thread(self):
        """Walks the thread as repair would mend it. Returns its pairs."""
        image, dirs = self.image, self.image.directories()
        in_tree = {frozenset(pair.blocks) for directory in dirs.values()
                   for pair in directory.pairs}
        found, seen = [image.mount()], set(SUPER_PAIR)
        while not is_nil(found[-1].tail):
            pred, link = found[-1], found[-1].tail
            try:
                if not pred.more:
                    link = self.mend(link)
                if seen.intersection(link):
                    raise Corrupt(f'pair {link} is on the mended thread twice', 7)
                pair = image.load_pair(link)
            except Corrupt as err:
                self.error(err.rule, f'behind {pred.where} on the thread: {err}')
                return found
            seen.update(link)
            found.append(pair)
            key = frozenset(link)
            if not pred.more:
                self.heads.add(key)
            elif key in dirs and key != frozenset(image.root()):
                self.error(7, f'pair {link} is a directory, and continues another')
            if key not in in_tree and not self.is_before_root(pair):
                self.stray(pair, pred.more)
        for key, directory in dirs.items():
            if key not in self.heads and directory.first != image.root():
                self.error(7, f'directory {directory.first} is not on the thread')
        return found

    def is_before_root(self, pair):
        return any(self.owners.get(block) == 'the superblock' for block in pair.blocks)

    def mend(self, link):
        """The pair that the thread should name in place of the head @link."""
        keys = {key for key in self.image.directories() if key.intersection(link)}
        if len(keys) != 1 or frozenset(link) in keys:
            return link
        first = self.image.directories()[keys.pop()].first
        self.deviation('half-orphan', f'the thread has {link}, the tree has {first}')
        for block in link:
            self.claim(block, f'directory {first}')
        return first

    def deviation(self, kind, text):
        if self.image.flag:
            self.state(kind, text)
        else:
            self.error(7, f'{kind} without the flag: {text}')

    def stray(self, pair, continues):
        label = f'pair {pair.blocks}, not in the tree'
        for block in pair.blocks:
            self.claim(block, label)
        if continues:
            self.error(7, f'{label}: continues a directory that cannot be reached')
        elif pair.entries or pair.more:
            self.error(7, f'{label}: orphan that is not empty')
        else:
            self.deviation('orphan', f'pair {pair.blocks}')

    def thread_as_it_is(self):
        """Blocks are allocated before the first repair: outdated pairs must hold, too."""
        try:
            self.image.used()
        except Corrupt as err:
            self.error(err.rule, f'the thread before repair: {err}')

    # Rules 4, 10 and 11
    def pair(self, pair, has_superblock):
        record = self.image.record
        for entry in pair.entries:
            if entry.is_super:
                if entry.id or not has_superblock or entry.name != MAGIC:
                    self.error(10, f'{entry.where}: a superblock')
            elif entry.fault():
                self.error(4, f'{entry.where} {entry.fault()}')
            elif len(entry.name) > (record.name_max or MAX_PAYLOAD):
                self.error(4, f'{entry.where}: name of {len(entry.name)} bytes')
            for kind, value in entry.attributes.items():
                if len(value) > (record.attr_max or MAX_PAYLOAD):
                    self.error(4, f'{entry.where}: attribute {kind} of {len(value)} bytes')
            if entry.structure == INLINE and not entry.is_super and \
                    len(entry.payload) > self.image.block_size // 8:
                self.remark('inline', f'{entry.where}: {len(entry.payload)} bytes of content')
        if len(pair.entries) > MAX_OWN_ENTRIES:
            self.remark('entries', f'{pair.where}: {len(pair.entries)} entries')
        if pair.tie:
            self.remark('tie', f'pair {pair.blocks}: no half is newer')
        for tag in pair.log.tags:
            self.tag(pair, tag)
        self.end_of_log(pair)

    def tag(self, pair, tag):
        where = f'{pair.where}, tag at {tag.off:#x}'
        if tag.kind == 0x100 or tag.kind == 0x700 and tag.chunk != 0xFF:
            self.remark('tag', f'{where}: type {tag.type:#05x}')
        elif tag.kind == 0x500 and tag.type != FCRC:
            self.remark('tag', f'{where}: type {tag.type:#05x}')
        elif tag.type == FCRC and self.image.record.minor == 0:
            self.remark('fcrc', f'{where}: FCRC on a volume of version 2.0')
        elif tag.removed and tag.kind != 0x300:
            self.remark('tag', f'{where}: type {tag.type:#05x} removed')

    def end_of_log(self, pair):
        """What the next writer finds behind the last commit."""
        image, log = self.image, pair.log
        last, unit = log.commits[-1], image.prog_size
        raw = image.raw(pair.block)
        holds = last.fcrc and last.end + last.fcrc[0] <= len(raw) and \
            crc(raw[last.end:last.end + last.fcrc[0]]) == last.fcrc[1]
        if log.stop == BROKEN or log.stop == UNBEGUN and last.fcrc and not holds:
            self.state('torn', f'{pair.where}: a commit at {last.end:#x} was not finished')
        if image.record.minor and not last.fcrc and log.stop != END and \
                last.end + (unit or 1) <= len(raw):
            self.remark('no-fcrc', f'{pair.where}: last commit has no FCRC')
        if unit and last.end % unit:
            self.remark('end', f'{pair.where}: last commit ends at {last.end:#x}')
        if unit and last.fcrc and last.fcrc[0] != unit:
            self.remark('fcrc', f'{pair.where}: FCRC of {last.fcrc[0]} bytes')

    # Rules 8 and 9
    def files(self, entries):
        image = self.image
        limit = image.record.file_max or MAX_FILE_SIZE
        shown = {entry.payload for entry in self.visible if entry.structure == CTZ}
        for entry in entries:
            if not entry.is_file or entry.fault():
                continue
            size = len(entry.payload) if entry.structure == INLINE else entry.words[1]
            if size > limit:
                self.error(8, f"'{show(entry.name)}' of {entry.where}: {size} bytes")
            if entry.structure == CTZ and not (image.is_hidden(entry) and entry.payload in shown):
                self.file(entry)

    def file(self, entry):
        name, (head, size) = show(entry.name), entry.words
        if size == 0:
            self.remark('empty-list', f"'{name}' of {entry.where}: head {head}, no bytes")
            return
        overshot = self.image.overshot(head, size)
        try:
            blocks = self.image.chain(head, size)
        except Corrupt as err:
            self.error(err.rule, f"'{name}': {err}" + (f' ({overshot})' if overshot else ''))
            return
        for block in blocks:
            self.claim(block, f"file '{name}' ({entry.where})")
        if overshot:
            self.note('overshot', f"'{name}': {overshot}")
