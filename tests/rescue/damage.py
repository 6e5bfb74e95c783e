# SPDX-License-Identifier: MIT
"""Named ways to damage an image. Each is a function of the image and of chance, so that it can be
had again from its seed; it gives the damaged bytes, or None where the image has nothing that could be
damaged like that.

Where metadata gets another meaning (a pointer that leads astray), its checksum is made right again:
that is what a broken program leaves, not a broken cell.
"""
import struct
import zlib

from healthy import lfs1_image, lfs2_image

BLANK = b'\xff'
CHAINS = (0x10, 0x202)    # structures that are block lists, of either version


def flip(data, offset, rng):
    data[offset] ^= 1 << rng.randrange(8)


def pairs_of(volume):
    """Pairs of directories; in version 1 the superblock is no part of one."""
    return [pair for directory in volume.directories().values() for pair in directory.pairs]


def other(pair):
    return next(block for block in pair.blocks if block != pair.block)


def length(pair):
    """Bytes of metadata in the half in force."""
    return pair.log.end if hasattr(pair, 'log') else pair.length


def start(volume, block):
    return block * volume.block_size


def inner_pairs(volume):
    """Pairs that are not of the root."""
    root = set(volume.root())
    return [pair for directory in volume.directories().values() for pair in directory.pairs
            if not root.intersection(directory.first)]


def pick(rng, choices):
    """One of them, or None."""
    return rng.choice(choices) if choices else None


def is_chained(entry):
    return entry.is_file and entry.structure in CHAINS and entry.words[1]


def chained(volume):
    """(pair, entry, its blocks) of files with a block list."""
    return [(pair, entry, volume.chain(*entry.words)) for pair in pairs_of(volume)
            for entry in pair.entries
            if is_chained(entry)]


# ---- metadata, with checksums that are wrong ----

def half(image, rng, which):
    volume = image.volume()
    pair = rng.choice(pairs_of(volume))
    block = which(pair)
    data = bytearray(image.data)
    flip(data, start(volume, block) + rng.randrange(4, max(5, length(pair) - 4)), rng)
    return data


def half_in_force(image, rng):
    return half(image, rng, lambda pair: pair.block)


def half_outdated(image, rng):
    return half(image, rng, other)


def both_halves(image, rng, pairs):
    """Close to the beginning, where the first commit of a log is hit."""
    volume = image.volume()
    pair = pick(rng, pairs(volume))
    if pair is None:
        return None
    data = bytearray(image.data)
    for block in pair.blocks:
        flip(data, start(volume, block) + rng.randrange(5, 20), rng)
    return data


def directory_both(image, rng):
    return both_halves(image, rng, inner_pairs)


def root_both(image, rng):
    return both_halves(image, rng, lambda volume: [volume.load_pair(volume.root())])


def superblock_one(image, rng):
    data = bytearray(image.data)
    flip(data, rng.randrange(2) * image.shape.block_size + rng.randrange(5, 40), rng)
    return data


def superblock_both(image, rng):
    data = bytearray(image.data)
    for block in (0, 1):
        flip(data, block * image.shape.block_size + rng.randrange(5, 40), rng)
    return data


def superblock_erased(image, _):
    data = bytearray(image.data)
    for block in (0, 1):
        erase(data, image.volume(), block)
    return data


def directory_erased(image, rng):
    volume = image.volume()
    pair = pick(rng, inner_pairs(volume))
    if pair is None:
        return None
    data = bytearray(image.data)
    for block in pair.blocks:
        erase(data, volume, block)
    return data


# ---- anywhere ----

def random_bits(image, rng, count):
    volume = image.volume()
    used = sorted(volume.used())
    data = bytearray(image.data)
    for _ in range(count):
        flip(data, start(volume, rng.choice(used)) + rng.randrange(volume.block_size), rng)
    return data


def erase(data, volume, block):
    at = start(volume, block)
    data[at:at + volume.block_size] = BLANK * volume.block_size


def erased_blocks(image, rng, count):
    volume = image.volume()
    data = bytearray(image.data)
    for block in rng.sample(sorted(volume.used() - {0, 1}), count):
        erase(data, volume, block)
    return data


def torn_range(image, rng):
    """As a write of another program to a wrong place, cut in the middle."""
    volume = image.volume()
    data = bytearray(image.data)
    at = start(volume, rng.choice(sorted(volume.used()))) + rng.randrange(volume.block_size)
    size = min(len(data) - at, rng.randrange(volume.block_size, 4 * volume.block_size))
    data[at:at + size] = rng.randbytes(size)
    return data


def first_64k(image, _):
    return bytearray(65536) + image.data[65536:]


def first_4_blocks(image, rng):
    size = 4 * image.shape.block_size
    return bytearray(rng.randbytes(size)) + image.data[size:]


def truncated(image, _):
    """The second half of the blocks that are in use is not there."""
    volume = image.volume()
    used = sorted(volume.used())
    return bytearray(image.data[:start(volume, used[len(used) // 2])])


# ---- what leads astray ----

def mend(data, volume, pair, offset):
    """Makes the checksum of what holds byte @offset of the half in force right again."""
    base = start(volume, pair.block)
    if isinstance(volume, lfs1_image.Volume):
        end = pair.length - 4
        struct.pack_into('<I', data, base + end,
                         zlib.crc32(data[base:base + end]) ^ 0xffffffff)
        return
    for commit in pair.log.commits:
        if commit.start <= offset < commit.end:
            mend_commit(data, volume, base, commit)


def mend_commit(data, volume, base, commit):
    """A commit ends with a tag of its own that holds the checksum, then padding."""
    last = commit.tags[-1] if commit.tags else None
    off = last.off + 4 + len(last.payload) if last else max(4, commit.start)
    crc = lfs2_image.crc(data[base + commit.start:base + off + 4])
    struct.pack_into('<I', data, base + off + 4, crc)


def redirect(image, rng, find, make):
    """@find gives places (pair, offset in its block), @make the bytes to put there."""
    volume = image.volume()
    place = pick(rng, find(volume))
    if place is None:
        return None
    pair, offset = place
    data = bytearray(image.data)
    new = make(volume, data, pair, offset)
    base = start(volume, pair.block)
    data[base + offset:base + offset + len(new)] = new
    mend(data, volume, pair, offset)
    return data


def payloads(volume, pair, wanted):
    """Where the eight bytes of the entries' structures are: (entry, offset)."""
    if not hasattr(pair, 'log'):
        return [(entry, entry.off + 4) for entry in pair.entries if wanted(entry)]
    found = []
    for entry in pair.entries:
        if not wanted(entry):
            continue
        words = struct.pack('<II', *entry.words)
        at = [tag.off + 4 for tag in pair.log.tags if tag.kind == 0x200 and tag.payload == words]
        found += [(entry, off) for off in at[-1:]]
    return found


def a_file_block(volume, rng):
    return rng.choice([blocks for _, _, blocks in chained(volume)])[0]


def directory_astray(image, rng):
    """The entry of a directory names blocks of a file."""
    def find(volume):
        return [(pair, off) for pair in pairs_of(volume)
                for _, off in payloads(volume, pair, lambda entry: entry.is_dir)]

    return redirect(image, rng, find, lambda volume, *_: struct.pack(
        '<II', a_file_block(volume, rng), a_file_block(volume, rng) + 1))


def tail_astray(image, rng):
    """The thread goes on in blocks of a file."""
    def find(volume):
        if not hasattr(pairs_of(volume)[0], 'log'):
            return [(pair, 8) for pair in pairs_of(volume)]
        return [(pair, [tag.off + 4 for tag in pair.log.tags if tag.kind == 0x600][-1])
                for pair in pairs_of(volume)
                if any(tag.kind == 0x600 and len(tag.payload) == 8 for tag in pair.log.tags)]

    return redirect(image, rng, find, lambda volume, *_: struct.pack(
        '<II', a_file_block(volume, rng), a_file_block(volume, rng) + 1))


def head_astray(image, rng):
    """The entry of a file names a block that is not its last."""
    def find(volume):
        return [(pair, off) for pair in pairs_of(volume)
                for entry, off in payloads(volume, pair, is_chained)]

    return redirect(image, rng, find, lambda volume, *_: struct.pack(
        '<I', rng.randrange(2, volume.block_count)))


def pointer_astray(image, rng):
    """A block of a file points outside the volume."""
    volume = image.volume()
    long_ones = [blocks for _, _, blocks in chained(volume) if len(blocks) > 2]
    blocks = pick(rng, long_ones)
    if blocks is None:
        return None
    data = bytearray(image.data)
    struct.pack_into('<I', data, start(volume, rng.choice(blocks[1:])), 0x7fffffff)
    return data


# Name -> (what happens, how).
KINDS = {
    'half-in-force': ('a bit of the half in force of a directory pair', half_in_force),
    'half-outdated': ('a bit of the other half', half_outdated),
    'directory-both': ('a bit in both halves of a directory pair', directory_both),
    'directory-erased': ('both halves of a directory pair erased', directory_erased),
    'root-both': ('a bit in both halves of the first pair of the root', root_both),
    'superblock-one': ('a bit in one half of the superblock', superblock_one),
    'superblock-both': ('a bit in both halves of the superblock', superblock_both),
    'superblock-erased': ('both halves of the superblock erased', superblock_erased),
    'bits-8': ('8 bits in blocks that are in use', lambda i, r: random_bits(i, r, 8)),
    'bits-64': ('64 bits in blocks that are in use', lambda i, r: random_bits(i, r, 64)),
    'erased-2': ('2 blocks in use erased', lambda i, r: erased_blocks(i, r, 2)),
    'erased-8': ('8 blocks in use erased', lambda i, r: erased_blocks(i, r, 8)),
    'torn': ('1 to 4 blocks overwritten, from the middle of one', torn_range),
    'first-4-blocks': ('the first 4 blocks overwritten', first_4_blocks),
    'first-64k': ('the first 64 KiB zeroed', first_64k),
    'directory-astray': ('an entry names a wrong directory pair', directory_astray),
    'tail-astray': ('the thread leads into a file', tail_astray),
    'head-astray': ('an entry names a wrong last block of a file', head_astray),
    'pointer-astray': ('a block list leads out of the volume', pointer_astray),
    'truncated': ('the image ends in the middle of what is used', truncated),
}
