# SPDX-License-Identifier: MIT
# app_fota: downloads, the list, the flag, and every deviating input of the updater.
import app_fota
import app_fota_download as download
import app_fota_updater as updater
import ujson
from _twinfs import modem

STAT = '/usr/.updater/download.stat'
FLAG = '/usr/.updater/update.flag'
A = '0xc54aae31'

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


# ---- downloads ----

class Answer:
    def __init__(self, status, body, broken):
        self.status, self.body, self.broken = status, body, broken

    def read(self, size):
        piece, self.body = self.body[:size], self.body[size:]
        if self.broken and not self.body:
            raise OSError(104)
        return piece

    def close(self):
        global open_answers
        open_answers -= 1


open_answers = 0
asked = []
files = {}
status = None
broken = False


def get_file(url, headers=None, purpose='request'):
    """A server that serves ranges, unless told a status."""
    global open_answers
    asked.append((url, headers, purpose))
    if url not in files:
        raise OSError(113)
    open_answers += 1
    if status is not None:
        return Answer(status, files[url], broken)
    start = int(headers['Range'][6:-1])
    return Answer(206 if start else 200, files[url][start:], broken)


modem.get = get_file
fota = app_fota.new()
URL = 'http://h/main.py'
PAYLOAD = '/usr/.updater/usr/lib/x.py'
NEW = bytes([i & 255 for i in range(10000)])


def stat():
    return ujson.loads(get(STAT))


user({})
files[URL] = NEW
check('no list yet', download.get_download_stat(), None)
check('download', fota.download(URL, '/usr/lib/x.py'), 0)
check('asked', asked, [(URL, {'Range': 'bytes=0-'}, 'fota')])
check('the payload', get(PAYLOAD), NEW)
check('the list', stat(), [{'name': '/usr/lib/x.py', 'url': URL, 'total_size': 10000}])
check('as get_download_stat() tells it', download.get_download_stat(), stat())
check('again: nothing is asked', (fota.download(URL, '/usr/lib/x.py'), len(asked)), (0, 1))

# Broken off: the next call asks for the rest.
user({})
broken = True
files[URL] = NEW[:5000]
check('broken off', raised(fota.download, URL, '/usr/lib/x.py'), ('OSError', (104,)))
check('what came is there', (get(PAYLOAD), stat()[0]['total_size']), (NEW[:4096], 'unknown'))
broken = False
files[URL] = NEW
check('the rest', (fota.download(URL, '/usr/lib/x.py'), asked[-1][1]['Range'], get(PAYLOAD)),
      (0, 'bytes=4096-', NEW))

# A server that knows no ranges: a second copy is appended.
put(PAYLOAD, NEW[:4096])
put(STAT, b'[{"name": "/usr/lib/x.py", "url": "u", "total_size": "unknown"}]')
status = 200
check('200 for a rest', (fota.download(URL, '/usr/lib/x.py'), get(PAYLOAD), stat()),
      (0, NEW[:4096] + NEW, [{'name': '/usr/lib/x.py', 'url': URL, 'total_size': 14096}]))

# Other answers, and no answer.
for status in (404, 416, 500, 301, 204):
    user({})
    check('status %d' % status, (fota.download(URL, '/usr/lib/x.py'), get(PAYLOAD), get(STAT)),
          (-1, None, None))
status = None
check('no server', raised(fota.download, 'http://nowhere', '/usr/y'), ('OSError', (113,)))
check('no list was made', get(STAT), None)
check('all answers are closed', open_answers, 0)

# A payload without an entry is overwritten by what the server thinks is the rest.
put(PAYLOAD, NEW[:4096])
check('no entry', (fota.download(URL, '/usr/lib/x.py'), asked[-1][1]['Range'], get(PAYLOAD)),
      (0, 'bytes=4096-', NEW[4096:]))

# Of later firmware.
user({})
fota.download(URL, '/usr/a', headers={'X-Key': 'k'}, username='me', password='pw')
check('headers', asked[-1][1],
      {'Range': 'bytes=0-', 'X-Key': 'k', 'Authorization': 'Basic bWU6cHc='})
check('external flash', raised(fota.download, URL, '/usr/a', ext_enable=True)[0],
      'NotImplementedError')
check('another place', raised(fota.download, URL, '/usr/a', dl_location='/usr/b')[0],
      'NotImplementedError')

# Several files.
user({})
files['http://h/b'] = b'b'
good = {'url': URL, 'file_name': '/usr/a'}
other = {'url': 'http://h/b', 'file_name': '/usr/b'}
check('bulk', (fota.bulk_download([good, other]), get('/usr/.updater/usr/b')), (None, b'b'))
check('bulk of nothing', (fota.bulk_download(), fota.bulk_download(info=[])), (None, None))
user({})
status = 404
check('bulk, failed', fota.bulk_download([good, other]), [good, other])
status = None

# ---- the list ----

user({'.updater': None})
check('update_download_stat', (download.update_download_stat('', '/usr/a', 5), stat()),
      (None, [{'name': '/usr/a', 'url': '', 'total_size': 5}]))
download.update_download_stat('u', '/usr/b', 'unknown')
download.update_download_stat('v', '/usr/a', 6)
check('two entries', stat(), [{'name': '/usr/a', 'url': 'v', 'total_size': 6},
                              {'name': '/usr/b', 'url': 'u', 'total_size': 'unknown'}])
check('delete_update_file', (download.delete_update_file('/usr/a'), stat()),
      (None, [{'name': '/usr/b', 'url': 'u', 'total_size': 'unknown'}]))
download.delete_update_file('/usr/x')
check('delete what is not listed', len(stat()), 1)
user({'.updater': None})
check('delete without a list', (download.delete_update_file('/usr/a'), get(STAT)), (None, b'null'))
for bad in (b'', b'x', b'null'):
    put(STAT, bad)
    check('no list: %r' % bad, download.get_download_stat(), None)
    download.update_download_stat('u', '/usr/a', 1)
    check('rewritten: %r' % bad, len(stat()), 1)

# ---- the updater ----

user({})
check('the flag', (put('/usr/.updater/x', b''), fota.set_update_flag(), get(FLAG)), (None, None, b''))


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


ITEM = b'{"name": "/usr/lib/x.py", "url": "u", "total_size": "unknown"}'
SHOWN = "{'name': '/usr/lib/x.py', 'url': 'u', 'total_size': 'unknown'}"

arm(b'[' + ITEM + b']', '/usr/lib/x.py')
uos.remove(FLAG)
stuck('no flag', [])
arm(b'[' + ITEM + b']', '/usr/lib/x.py')
lines, result = update()
check('applied', (result, get('/usr/lib/x.py'), is_there('/usr/.updater')), (0, b'a', False))
check('printed twice', (len(lines), lines[0] == lines[1], sorted(lines[0])),
      (2, True, sorted('[' + SHOWN + ']')))
check('idle', update(), ([], -1))

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

B = b'{"name": "/usr/b", "url": "u", "total_size": 1}'
arm(b'[' + ITEM + b', ' + B + b']', '/usr/b')
check('payload missing, boot 1', (update()[1], get('/usr/b'), ujson.loads(get(STAT))),
      (-1, None, [ujson.loads(B)]))
check('payload missing, boot 2', (update()[1], get('/usr/b'), is_there('/usr/.updater')),
      (0, b'a', False))
check('payload missing, boot 3', update()[1], -1)
arm(b'[' + B + b', ' + B + b']', '/usr/b')
check('same name twice, boot 1', (update()[1], get('/usr/b'), ujson.loads(get(STAT))),
      (-1, b'a', []))
check('same name twice, boot 2', (update()[1], is_there('/usr/.updater')), (0, False))
check('same name twice, boot 3', update()[1], -1)
arm(b'[]')
check('empty list', (update(), is_there('/usr/.updater')), ((['[]', '[]'], 0), False))
arm(b'[' + B + b']', '/usr/b', '/usr/other', '/deep/er/file')
check('other files go', (update()[1], is_there('/usr/.updater'), get('/usr/keep')), (0, False, b'k'))
arm(b'[{"name": "usr/c"}]', '/usr/c')
check('without a slash', (update()[1], get('/usr/c')), (0, b'a'))

# A list over the limit.
long = b'[' + B + b', ' + b', '.join([ITEM] * 300) + b']'
arm(long, '/usr/b')
stuck('a cut item', [])
arm(b'[' + B + b' ' * 16384 + b', {"name": "/usr/c"}]', '/usr/b', '/usr/c')
check('the first items only', (update()[1], get('/usr/b'), get('/usr/c'), is_there('/usr/.updater')),
      (0, b'a', None, False))

# The user's table gets the new hash, the factory copy stays.
backup({'checksum.json': entries(('/usr/b', '0x1')), 'usr/b': b'old'})
arm(b'[' + B + b']', '/usr/b', **{'b': b'old', 'checksum.json': entries(('/usr/B', '0x1'))})
check('a protected file', (update()[1], get('/usr/b'), get('/usr/checksum.json'), get('/bak/usr/b'),
                           get('/bak/checksum.json')),
      (0, b'a', entries(('/usr/B', A)), b'old', entries(('/usr/b', '0x1'))))
arm(b'[' + B + b']', '/usr/b')
check('the table is copied first', (update()[1], get('/usr/checksum.json')), (0, entries(('/usr/b', A))))

arm(b'[' + B + b']', '/usr/b')
updater.print = lambda *words: None
check('update() of the object', (fota.update(), get('/usr/b')), (None, b'a'))
