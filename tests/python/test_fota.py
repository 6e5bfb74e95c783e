# SPDX-License-Identifier: MIT
"""app_fota: downloads, the list, the flag, and every deviating input of the updater."""
# run: allow_backup_write=1
# with: states.py
import app_fota
import app_fota_download as download
import app_fota_updater as updater
import ujson
import uos
from _twinfs import modem, raised as device_raised
from bak.check import run
from bak.states import backup, check, entries, get, is_there, printed, put, raised, tree, user

STAT = '/usr/.updater/download.stat'
FLAG = '/usr/.updater/update.flag'
A = '0xc54aae31'


URL = 'http://h/x.py'
TARGET = '/usr/lib/x.py'
PAYLOAD = '/usr/.updater/usr/lib/x.py'
NEW = bytes([i & 255 for i in range(10000)])

ITEM = b'{"name": "/usr/lib/x.py", "url": "u", "total_size": "unknown"}'
SHOWN = "{'name': '/usr/lib/x.py', 'url': 'u', 'total_size': 'unknown'}"
B = b'{"name": "/usr/b", "url": "u", "total_size": 1}'


class Answer:
    def __init__(self, status, body, broken):
        self.status, self.body, self.broken = status, body, broken

    def read(self, size):
        piece, self.body = self.body[:size], self.body[size:]
        if self.broken and not self.body:
            raise OSError(104)
        return piece

    def close(self):
        server.open_answers -= 1


class Server:
    """Serves ranges of its files, unless told a status."""

    def __init__(self):
        self.open_answers = 0
        self.start({})

    def start(self, files, status=None, broken=False):
        self.files, self.status, self.broken = files, status, broken
        self.asked = []

    def get(self, url, headers=None, purpose='request'):
        self.asked.append((url, headers, purpose))
        if url not in self.files:
            raise OSError(113)
        self.open_answers += 1
        if self.status:
            return Answer(self.status, self.files[url], self.broken)
        start = int(headers['Range'][6:-1])
        return Answer(206 if start else 200, self.files[url][start:], self.broken)


server = Server()
modem.get = server.get
fota = app_fota.new()


def stat():
    return ujson.loads(get(STAT))


def arm(stat, *targets, **more):
    """A work area with this list, payloads for these targets, and the flag."""
    files = {'.updater/update.flag': b'', 'keep': b'k'}
    if stat is not None:
        files['.updater/download.stat'] = stat
    for target in targets:
        files['.updater' + target] = b'a'
    files.update(more)
    user(files)


def update():
    return printed(updater, updater.update)


def stuck(what, lines=None):
    """Boots three times: -1 each time, and nothing changes."""
    before = tree('/usr')
    for turn in (1, 2, 3):
        got, result = update()
        check('%s, boot %d' % (what, turn), (result, tree('/usr') == before), (-1, True))
        if lines is not None:
            check('%s, lines' % what, got, lines)


def test_paths():
    check('paths', (download.updater_dir, download.download_stat_file, download.update_flag_file),
          ('/usr/.updater', STAT, FLAG))
    check('paths, later', (download.get_updater_dir(), download.get_download_stat_file(),
                           download.get_update_flag_file()), ('/usr/.updater', STAT, FLAG))
    mount = download.app_fota_pkg_mount
    check('no partition of its own', (mount.fota_dir, mount.can_mount, mount.mount_state,
                                      mount.mount_disk(), mount.umount_disk(),
                                      mount.get_fota_file_name('/usr/a')),
          ('', False, False, None, None, '/usr/a'))
    check('one object', app_fota.new().app_fota_pkg_mount is mount, True)


def test_download():
    user({})
    server.start({URL: NEW})
    check('no list yet', download.get_download_stat(), None)
    check('download', fota.download(URL, TARGET), 0)
    check('asked', server.asked, [(URL, {'Range': 'bytes=0-'}, 'fota')])
    check('the payload', get(PAYLOAD), NEW)
    check('the list', stat(), [{'name': TARGET, 'url': URL, 'total_size': 10000}])
    check('as get_download_stat() tells it', download.get_download_stat(), stat())
    check('again: nothing is asked', (fota.download(URL, TARGET), len(server.asked)), (0, 1))


def test_broken_off():
    """The next call asks for the rest."""
    user({})
    server.start({URL: NEW[:5000]}, broken=True)
    check('broken off', raised(fota.download, URL, TARGET), ('OSError', (104,)))
    check('what came is there', (get(PAYLOAD), stat()[0]['total_size']), (NEW[:4096], 'unknown'))
    server.start({URL: NEW})
    check('the rest', (fota.download(URL, TARGET), server.asked[0][1]['Range'], get(PAYLOAD)),
          (0, 'bytes=4096-', NEW))


def test_no_ranges():
    """A server that knows none gives all again: a second copy is appended."""
    user({})
    put(PAYLOAD, NEW[:4096])
    put(STAT, b'[' + ITEM + b']')
    server.start({URL: NEW}, status=200)
    check('200 for a rest', (fota.download(URL, TARGET), get(PAYLOAD), stat()),
          (0, NEW[:4096] + NEW, [{'name': TARGET, 'url': URL, 'total_size': 14096}]))


def test_answers():
    for status in (404, 416, 500, 301, 204):
        user({})
        server.start({URL: NEW}, status=status)
        check('status %d' % status, (fota.download(URL, TARGET), get(PAYLOAD), get(STAT)),
              (-1, None, None))
    check('no server', raised(fota.download, 'http://nowhere', '/usr/y'), ('OSError', (113,)))
    check('no list was made', get(STAT), None)
    check('all answers are closed', server.open_answers, 0)


def test_no_entry():
    """A payload without an entry is fetched anew."""
    user({})
    put(PAYLOAD, NEW[:4096])
    server.start({URL: NEW})
    check('all of it', (fota.download(URL, TARGET), server.asked[0][1]['Range'], get(PAYLOAD)),
          (0, 'bytes=0-', NEW))


def test_later():
    """What later firmware takes."""
    user({})
    server.start({URL: NEW})
    fota.download(URL, '/usr/a', headers={'X-Key': 'k'}, username='me', password='pw')
    check('headers', server.asked[0][1],
          {'Range': 'bytes=0-', 'X-Key': 'k', 'Authorization': 'Basic bWU6cHc='})
    check('external flash', raised(fota.download, URL, '/usr/a', ext_enable=True)[0],
          'NotImplementedError')
    check('another place', raised(fota.download, URL, '/usr/a', dl_location='/usr/b')[0],
          'NotImplementedError')


def test_bulk():
    good = {'url': URL, 'file_name': '/usr/a'}
    other = {'url': 'http://h/b', 'file_name': '/usr/b'}
    user({})
    server.start({URL: NEW, 'http://h/b': b'b'})
    check('bulk', (fota.bulk_download([good, other]), get('/usr/.updater/usr/b')), (None, b'b'))
    check('of nothing', (fota.bulk_download(), fota.bulk_download(info=[])), (None, None))
    user({})
    server.start({URL: NEW, 'http://h/b': b'b'}, status=404)
    check('failed', fota.bulk_download([good, other]), [good, other])
    server.start({})
    check('no server', raised(fota.bulk_download, [good, other]), ('OSError', (113,)))


def test_list():
    user({'.updater': None})
    check('update_download_stat', (download.update_download_stat('', '/usr/a', 5), stat()),
          (None, [{'name': '/usr/a', 'url': '', 'total_size': 5}]))
    download.update_download_stat('u', '/usr/b', 'unknown')
    download.update_download_stat('v', '/usr/A', 6)
    check('two entries', stat(), [{'name': '/usr/a', 'url': 'v', 'total_size': 6},
                                  {'name': '/usr/b', 'url': 'u', 'total_size': 'unknown'}])
    check('delete_update_file', (download.delete_update_file('/usr/a'), stat()),
          (None, [{'name': '/usr/b', 'url': 'u', 'total_size': 'unknown'}]))
    download.delete_update_file('/usr/x')
    check('delete what is not listed', len(stat()), 1)


def test_no_list():
    user({'.updater': None})
    check('delete', (download.delete_update_file('/usr/a'), get(STAT)), (None, b'null'))
    for bad in (b'', b'x', b'null'):
        put(STAT, bad)
        check('no list: %r' % bad, download.get_download_stat(), None)
        download.update_download_stat('u', '/usr/a', 1)
        check('rewritten: %r' % bad, len(stat()), 1)
    user({})
    check('no folder', raised(download.update_download_stat, 'u', '/usr/a', 1), ('OSError', (2,)))


def test_flag():
    user({})
    check('makes its folder', (fota.set_update_flag(), get(FLAG)), (None, b''))
    check('and again', (fota.set_update_flag(), get(FLAG)), (None, b''))


def test_apply():
    arm(b'[' + ITEM + b']', TARGET)
    uos.remove(FLAG)
    stuck('no flag', [])
    arm(b'[' + ITEM + b']', TARGET)
    lines, result = update()
    check('applied', (result, get(TARGET), is_there('/usr/.updater')), (0, b'a', False))
    check('printed twice', (len(lines), lines[0] == lines[1], sorted(lines[0])),
          (2, True, sorted('[' + SHOWN + ']')))
    check('idle', update(), ([], -1))
    arm(b'[' + B + b']', '/usr/b')
    updater.print = lambda *words: None
    check('update() of the object', (fota.update(), get('/usr/b')), (None, b'a'))


def test_stuck():
    arm(None)
    stuck('flag without stat', [])
    arm(b'')
    stuck('stat empty', [])
    arm(b'x')
    stuck('stat not JSON', [])
    arm(b'{"name": "/usr/a"}', '/usr/a')
    stuck('stat an object', ["{'name': '/usr/a'}"])
    arm(b'null')
    stuck('stat null', ['None'])
    arm(b'5')
    stuck('stat a number', ['5'])
    arm(b'"ab"')
    stuck('stat a text', ['ab', 'ab'])
    arm(b'[{"url": "u"}]')
    stuck('item without name', ["[{'url': 'u'}]"] * 2)
    arm(b'[5]')
    stuck('item a number', ['[5]'] * 2)
    arm(b'[{"name": "/bak/x"}]', '/bak/x')
    stuck('target in /bak')
    arm(b'[{"name": "/x"}]', '/x')
    stuck('target in /')


def test_two_boots():
    arm(b'[' + ITEM + b', ' + B + b']', '/usr/b')
    check('payload missing, boot 1', (update()[1], get('/usr/b'), stat()),
          (-1, None, [ujson.loads(B)]))
    check('payload missing, boot 2', (update()[1], get('/usr/b'), is_there('/usr/.updater')),
          (0, b'a', False))
    check('payload missing, boot 3', update()[1], -1)
    arm(b'[' + B + b', ' + B + b']', '/usr/b')
    check('same name twice, boot 1', (update()[1], get('/usr/b'), stat()), (-1, b'a', []))
    check('same name twice, boot 2', (update()[1], is_there('/usr/.updater')), (0, False))
    check('same name twice, boot 3', update()[1], -1)


def test_clean_up():
    arm(b'[]')
    check('empty list', (update(), is_there('/usr/.updater')), ((['[]', '[]'], 0), False))
    arm(b'[' + B + b']', '/usr/b', '/usr/other', '/deep/er/file')
    check('other files go', (update()[1], is_there('/usr/.updater'), get('/usr/keep')),
          (0, False, b'k'))
    arm(b'[{"name": "usr/c"}]', '/usr/c')
    check('without a slash', (update()[1], get('/usr/c')), (0, b'a'))


def test_long_list():
    arm(b'[' + B + b', ' + b', '.join([ITEM] * 300) + b']', '/usr/b')
    stuck('a cut item', [])
    arm(b'[' + B + b' ' * 16384 + b', {"name": "/usr/c"}]', '/usr/b', '/usr/c')
    check('the first items only', (update()[1], get('/usr/b'), get('/usr/c')), (0, b'a', None))
    check('the rest is deleted', is_there('/usr/.updater'), False)


def test_protected():
    """The user's table gets the new hash; the factory copy and its table stay."""
    backup({'checksum.json': entries(('/usr/b', '0x1')), 'usr/b': b'old'})
    arm(b'[' + B + b']', '/usr/b', **{'b': b'old', 'checksum.json': entries(('/usr/B', '0x1'))})
    check('applied', (update()[1], get('/usr/b'), get('/usr/checksum.json')),
          (0, b'a', entries(('/usr/B', A))))
    check('the backup', (get('/bak/usr/b'), get('/bak/checksum.json')),
          (b'old', entries(('/usr/b', '0x1'))))
    arm(b'[' + B + b']', '/usr/b')
    check('a missing table is copied first', (update()[1], get('/usr/checksum.json')),
          (0, entries(('/usr/b', A))))


def test_bytes_of_the_printed_list():
    """Which bytes the device takes for one character; those behind an ASCII one are passed over."""
    for data, codes in ((b'a\xc3\xa9', [97, 0xe9]), (b'\x80z', [0, 122]), (b'\xc3\xa9\xa9', [0x3a69]),
                        (b't\x99\xf6\xadl', [116, 0x1ad, 108]), (b'/\x80\x80', [47])):
        check(repr(data), device_raised.characters(data), codes)


run(globals())
