#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Makes the seeds of the targets that read texts and files: tests/fuzz/corpus/TARGET/NAME.

    tests/fuzz/text_seeds.py [BUILD]

With BUILD also those that the program itself makes: traces, results of the explorer.
"""
import io
import pathlib
import struct
import subprocess
import sys
import tempfile
import zipfile

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent

TABLE = (b'[{"name": "/usr/a", "crc32": "0xc54aae31"}, '
         b'{"name": "/usr/lib/b", "crc32": "0x99325f96"}]')

LOOSE_JSON = {
    "table": TABLE,
    "numbers": b'[0, -0, 007, 1.50, .5, -., 1., 1e5, 1E-07, -12.e+3, 99999999999999999999]',
    "strings": b'["", "a\\"b\\\\c\\/\\b\\f\\n\\r\\t", "\\u0000\\u00e9\\u20ac\\ud83d\\ude00", "\xc3\xa9"]',
    "without-commas": b'{"a" 1 "b" [1 2 3} "a" null]',
    "keys-of-all-kinds": b'{1: 2, "1": 3, null: 4, true: [], 1.5: {}, "": {"x": {"x": 1, "x": 2}}}',
    "standard": b' {"net": {"host": "x.org", "port": 80, "on": true, "l": [5, 6.5]}, "none": null}\r\n',
    "not-closed": b'{"enable": 0.0',
    "nul-ends": b'[1]\0garbage',
}

PIECE = {"table": 0, "backup-table": 1, "flag": 2, "stat": 3, "settings": 4, "a": 5}
SAFE, UPDATE, BARE = 1, 2, 4


def boot(flags, **pieces):
    """An input of device_json: what each file holds."""
    return bytes([flags]) + b"".join(
        b"\xff" + bytes([PIECE[name.replace("_", "-")]]) + text for name, text in pieces.items())


DEVICE_JSON = {
    "healthy": boot(0),
    "changed": boot(0, a=b"x"),
    "changed-safe": boot(SAFE, a=b"x"),
    "first-boot": boot(BARE),
    "first-boot-safe": boot(SAFE | BARE),
    "empty-table": boot(0, table=b""),
    "empty-table-safe": boot(SAFE, table=b""),
    "table-is-no-list": boot(SAFE, table=b'{"name": 1}'),
    "entries-of-all-kinds": boot(SAFE, a=b"x", table=b'[1, null, [], {}, {"name": "/usr/a"}, '
                                 b'{"name": 5, "crc32": "0x1"}, {"name": "usr/a", "crc32": 7}, '
                                 b'{"name": "/usr/a", "sha256": "00"}]'),
    "hash-spelt-oddly": boot(0, table=b'[{"name": "/usr/a", "crc32": " 0XC5_4AAE31\\n"}]'),
    "factory-copy-is-empty": boot(0, table=b'[{"name": "/usr/c", "crc32": "0x1"}]'),
    "names-with-dots": boot(SAFE, table=b'[{"name": "/usr/../usr/./a", "crc32": "0x1"}, '
                            b'{"name": "//usr//a", "crc32": "0x1"}]'),
    "switched-off": boot(0, a=b"x", flag=b'{"enable": 0}'),
    "flag-is-no-dict": boot(SAFE, flag=b'[1]'),
    "backup-table-broken": boot(BARE | SAFE, backup_table=b'[{"name": "/usr/a", "crc32": '),
    "update": boot(UPDATE, stat=b'[{"name": "/usr/a", "total_size": 9}]'),
    "update-of-nothing": boot(UPDATE, stat=b'[]'),
    "update-not-finished": boot(UPDATE | SAFE, stat=b'[{"name": "/usr/a", "total_size": "unknown"}, '
                                b'{"name": "/usr/none"}]'),
    "update-into-new-folder": boot(UPDATE, stat=b'[{"name": "/../a"}, {"name": "/usr/n/o/a"}, {}]'),
    "update-is-text": boot(UPDATE, stat=b'"abc"'),
    "settings-broken": boot(0, settings=b'{"replFlag": 0'),
    "settings": boot(SAFE, settings=b'{"replFlag": 1}'),
}

OPERATIONS = bytes(x for i in range(24) for x in (i * 5 % 16, i * 37 % 256))

FAULT_RULES = {
    "cut": b"cut torn 2 at op 3\ncut at program 2\ncut torn mixed after 3 erases",
    "fail": b"fail program in /usr/a once\nfail erase in user with error EBADMSG with chance 50%\n"
            b"fail read in slot 3 every 2 reads",
    "skip": b"skip erase in block user:1\nskip program torn 50% with chance 0.5 seed 3",
    "flip": b"flip 3 bits in user to 0\nflip 1 bit on program in bak\nflip mask 0x81 in 0x100+16",
    "fill": b"fill in 0-0xff with 0x00\nfill with random in block 3\ngarble in /usr/a after 2 writes",
    "stick": b"stick 5 bits in user to 1\nstick mask 0x0f in slot 3\nloosen 4 bits in bak",
    "misread": b"misread 1 bit in slot 3 with chance 1%\nmisread with 0x55 in user until cleared",
    "wear": b"wear out in user after 1..3 more cycles with program flip\n"
            b"wear out in block user:7 after 0 cycles with erase skip",
    "slow": b"slow erase by 3 ms\nread only in bak silently\nread only after 4 writes",
    "brown-out": b"brown-out after 2 writes for 50 us\nbrown-out before commit of /usr/a from 3000 mV",
    "labels": b"note on write as a\ncut since a after 2 writes\nfail program until a",
    "calls": b"note before rename of /usr/new\ncut after 2 calls of store\nnote at call 2",
    "torn": b"cut torn keep 0+4 8-15 garbage\nfail erase torn zeros 8\ncut torn here loose after 20 bytes",
    "quotes": b'note in "/usr/a b\\"c\\\\" # comment\nflip 1 bit, in user, now',
}

FAULT_RULES = {name: text + b"\0" + OPERATIONS for name, text in FAULT_RULES.items()}

PROFILES = {path.stem: path.read_bytes() for path in (ROOT / "images/profiles").glob("*.json")}
PROFILES["small"] = b"""{"name": "small", "modules": "tests", "chip_size": "64K",
"partitions": {"customer_fs": {"addr": "4K", "size": "16K"},
"customer_backup_fs": {"addr": "32K", "size": "8K"}, "securedata": {"addr": "48K", "size": "8K"}},
"filesystem": {"format": 1, "block_size": 512, "prog_size": 512, "spare_blocks": 1},
"boot": {"restores": true, "writes_settings": true},
"flash": {"read_size": 1, "prog_size": 64, "erase_size": 512, "strict": true,
"read_ns_per_kib": 20000, "page_size": 256, "program_page_ns": 700000, "erase_unit_ns": 60000000}}
"""
RECORDED = (PROFILES["small"].replace(b'"48K"', b'"80K"').replace(b'"64K"', b'"128K"')
            .replace(b'"32K", "size": "8K"', b'"64K", "size": "16K"')
            .replace(b'"4K", "size": "16K"', b'"32K", "size": "32K"'))
PROFILES["small-2"] = PROFILES["small"].replace(
    b'"format": 1', b'"v2": {"prog_size": 64, "block_cycles": 100, "stores_mtime": true}, "format": 2')

CHECK_FILE = b"""# checks of the meter
exists /usr/b
json /usr/a.json has net.host = "x.org"
json /usr/a.json has l.0
json /usr/a.json has net.port = 80
if exists /usr/a.json then json /usr/a.json
not exists /usr/d
directory /usr/d
absent /usr/none
equal /usr/b /usr/c
size /usr/b < 65536
size /usr/empty >= 0x1
text /usr/b contains "\\"world\\"\\n"
slot 3 stored
slot 16 empty
not not slot 3 contains "key" # a remark
"""

CHECKS = {
    "all": CHECK_FILE + b'\0{"net": {"host": "x.org", "port": 80}, "l": [5, 6.5]}',
    "no-json": b'json /usr/a.json\0{"a": ',
    "not-if": b"not if exists /usr/b then not slot 3 stored",
    "value": b'json /usr/a.json has a.1 = -1.5e3\0{"a": [null, -1500]}',
    "no-rule": b"exist /usr/a",
}



class Pipe:
    """What cannot go back: sizes and checksums come behind the data then."""

    def __init__(self):
        self.data = b""

    def write(self, data):
        self.data += data
        return len(data)

    def flush(self):
        pass


def zipped(*members, comment=b"", out=None):
    """A zip archive of (name, content) or (name, content, method)."""
    out = out or io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.comment = comment
        for name, content, *method in members:
            info = zipfile.ZipInfo(name)
            info.compress_type = method[0] if method else zipfile.ZIP_STORED
            archive.writestr(info, content)
    return out.data if isinstance(out, Pipe) else out.getvalue()


DEFLATED = zipfile.ZIP_DEFLATED
USER, BACKUP = ("customer_fs.bin", b"user" * 9), ("customer_backup_fs.bin", b"\xff" * 300, DEFLATED)
SYSTEM = ("system.img", b"system" * 5)
PLATFORM = ("platform_config.json", b'{"platform": "ASR1603", "version": 2}')

PACKAGES = {
    "empty": zipped(),
    "no-firmware": zipped(("readme.txt", b"hello"), ("d/", b""), ("d/e/f", b"x" * 100, DEFLATED)),
    "asr": zipped(SYSTEM, USER, BACKUP, comment=b"made by us"),
    "without-user": zipped(("fw/system.img", b"s"), ("fw/x", b"y")),
    "in-folder": zipped(("fw/a.img", b"a"), ("fw/customer_fs.bin", b"u"), ("fw/system.img", b"s")),
    "bundle": zipped(PLATFORM, ("inner.zip", zipped(SYSTEM, USER, BACKUP)), ("cp.bin", b"c" * 40)),
    "bundle-deflated": zipped(PLATFORM, ("inner.zip", zipped(USER), DEFLATED)),
    "bundle-without": zipped(PLATFORM, ("cp.bin", b"c")),
    "streamed": zipped(SYSTEM, USER, BACKUP, out=Pipe()),
    "two-of-them": zipped(USER, ("x/customer_fs.bin", b"other")),
    "leads-out": zipped(SYSTEM, ("../evil", b"x"), ("/abs", b"x"), ("a\\b", b"x"), ("c:d", b"x")),
    "no-zip": b"B\0P\0_\0R\0" + bytes(20),
}

PROJECTS = {
    "plain": b'PROJECT_NAME = "meter"\nPROJECT_VERSION = \'1.2.0\'\n',
    "odd": b'# x\nPROJECT_NAME = ("a" r"\\b"\n  \'c\')\nif x:\n\tPROJECT_VERSION = 1\n'
           b'PROJECT_VERSION: str = u"\\x41\\u00e9\\N{BULLET}" ; x = 1\n',
    "long-strings": b'"""PROJECT_NAME = "no"\n"""\nx = [\n1]; PROJECT_NAME = """m"""\\\n\n'
                    b'PROJECT_VERSION = "2"',
    "bytes": b'PROJECT_NAME = b"x"\nPROJECT_VERSION = f"1"\n',
    "concatenated": b'PROJECT_NAME = PROJECT_VERSION = "a" "b"\n',
    "twice": b'PROJECT_NAME = "a"\nPROJECT_NAME = "b"\nPROJECT_VERSION = "1"\r\n',
}


def gpt_header(here, other, entries, count=4, size=128, last=200):
    """The first 92 bytes of a header; checksums are the target's."""
    return struct.pack("<8sIIIIQQQQ16sQIII", b"EFI PART", 0x10000, 92, 0, 0, here, other, 6, last,
                       bytes(range(16)), entries, count, size, 0)


def gpt_entry(name, first, last, kind=b"\xaf\x3d\xc6\x0f\x83\x84\x72\x47\x8e\x79\x3d\x69\xd8\x47\x7d\xe4"):
    """An entry of a partition table, of Linux data."""
    return (kind + name.encode().ljust(16, b"!")[:16] + struct.pack("<QQQ", first, last, 0) +
            name.encode("utf-16-le").ljust(72, b"\0"))


def gpt(flags, first, last, *entries, units=60):
    """An input of the target gpt: a file of 40 + 4 * units sectors."""
    return bytes([flags, units]) + first + last + b"".join(entries)


FIRST, LAST = gpt_header(1, 279, 2, 128), gpt_header(279, 1, 247, 128)
THREE = (gpt_entry("customer_fs", 64, 127), gpt_entry("customer_backup_fs", 128, 159),
         gpt_entry("securedata", 160, 191))
GPT = {
    "both": gpt(0xcf, FIRST, LAST, *THREE),
    "first-only": gpt(0x87, FIRST, LAST, *THREE),
    "last-only": gpt(0x0b, FIRST, LAST, *THREE),
    "few-entries": gpt(0x0f, gpt_header(1, 279, 2), gpt_header(279, 1, 260), *THREE),
    "overlap": gpt(0x0f, FIRST, LAST, gpt_entry("a", 64, 127), gpt_entry("b", 100, 150)),
    "behind-end": gpt(0x0f, FIRST, LAST, gpt_entry("a", 64, 1 << 40)),
    "backwards": gpt(0x0f, FIRST, LAST, gpt_entry("a", 127, 64)),
    "odd-names": gpt(0x4f, FIRST, LAST, gpt_entry("\u20ac" * 36, 64, 71), gpt_entry("", 72, 79),
                     gpt_entry("\U0001f600" * 18, 80, 87)),
    "many-entries": gpt(0x07, gpt_header(1, 279, 2, 0xffffffff), LAST, *THREE),
    "large-entries": gpt(0x07, gpt_header(1, 279, 2, 4, 1 << 31), LAST, *THREE),
    "elsewhere": gpt(0x2f, gpt_header(1, 100, 2), gpt_header(100, 1, 40), *THREE),
    "wrong-sums": gpt(0x0c, FIRST, LAST, *THREE),
    "no-mbr": gpt(0x1f, FIRST, LAST, *THREE),
    "nothing": gpt(0x00, b"", b""),
}


def request(opener, stores, slot, length, piece):
    """A whole request of secure_control."""
    return bytes([opener * 8 + 6 + stores, slot + 1]) + struct.pack("<HB", length, piece)


def raw(opener, text, off=0):
    """A write of secure_control; the opener's next call may go on with it."""
    return bytes([opener * 8, off, len(text)]) + text


SECURE_CONTROL = {
    "store-and-read": request(0, 1, 3, 100, 255) + request(1, 0, 3, 100, 255),
    "in-pieces": request(0, 1, 1, 50, 0) + request(0, 0, 1, 60, 0),
    "no-slot": request(0, 1, 0, 5, 255) + request(0, 0, 17, 5, 255) + request(0, 0, 2, 5, 255),
    "too-long": request(0, 1, 1, 1100, 255) + request(0, 1, 16, 1000, 255),
    "list": request(0, 1, 5, 52, 255) + bytes([8 + 4, 0, 4]),
    "broken-off": raw(0, b"STORE 1 5\nab") + bytes([3, 9]) + request(0, 0, 1, 9, 255),
    "overtaken": raw(0, b"STORE 1 5\nab") + request(1, 1, 1, 5, 255) + raw(0, b"cde", 1) + bytes([3, 9]),
    "malformed": b"".join(raw(0, text) + bytes([3, 9]) for text in (
        b"READ 1\n", b"READ -1 5\n", b"STORE 01 +5\n", b"LIST\n", b"READ 1 5\nx", b"\n",
        b"READ 9999999999 1\n", b"X" * 64, b"READ 1 5000\n")),
    "reopened": raw(2, b"READ 1 9") + bytes([16 + 5]) + raw(2, b"\n", 1) + bytes([16 + 3, 9]),
}


def pieces(*texts):
    """An input of control."""
    return b"\xff".join(texts)


CONTROL = {
    "rules": pieces(b"\0add cut at op 3\nfail program in user once", b"\0clear 1", b"\0clear"),
    "seed": pieces(b"\0seed 0x17\nflip 3 bits in user", b"\0seed", b"\0seed 1 2", b"\0clear 7"),
    "all-or-none": pieces(b"\0note\nno rule\nnote", b"\0note\nclear\nnote", b"\0pass 5"),
    "brown-out": pieces(b"\0brown-out for 5 ms\npass 10", b"\0pass 1000000000", b"\0pass -1"),
    "names": pieces(b"\0fail read in /usr/a", b"\0stick 2 bits in block user:3", b"\0note in slot 3"),
    "trace": pieces(b"\2hold /", b"\0flip 1 bit in user", b"\2stop", b"\2start x", b"\2start //", b"\2"),
    "power": pieces(b"\3restart\n", b"\3 off", b"\3cut", b"\3onn"),
}

MODEM = {
    "get": b'{"method": "GET", "url": "http://x.org/a", "headers": {"Accept": "*/*", "n": 5}}\0'
           b"Content-Type: text/plain\nX: \xe9\nx: \xc3\xa9\n\n: y\nDate\nOK",
    "post": b'{"method": "POST", "url": "u", "for": "fota", "body": "aGVsbG8="}\0\n\n\n\nNot Found',
    "base64": b'{"method": "PUT", "url": "", "body": "+/Az09"}',
    "bad-headers": b'{"method": "GET", "url": "u", "headers": {"a:b": "c", "": "d", "e": "f\\r\\ng: h"}}',
    "other-kinds": b'{"method": "get", "url": [], "headers": {"a": {"b": null}}, "body": 5}',
    "no-object": b'["method"]',
}

SEEDS = {
    "gpt": GPT,
    "secure_control": SECURE_CONTROL,
    "control": CONTROL,
    "modem": MODEM,
    "project": PROJECTS,
    "package": PACKAGES,
    "checks": CHECKS,
    "loose_json": LOOSE_JSON,
    "device_json": DEVICE_JSON,
    "fault_rules": FAULT_RULES,
    "profile": PROFILES,
}


def recorded(build, folder):
    """Seeds that need the program: a small module, whose run is recorded and explored."""
    def twinfs(*words):
        return subprocess.run([build / "tools/twinfs", *words], cwd=folder, check=False,
                              capture_output=True).stdout

    def record(name, run):
        (folder / "small.json").write_bytes(RECORDED)
        twinfs("mk", name + ".img", "--profile", "./small.json", "--user", "app",
               "--backup", "main.py")
        subprocess.run([build / "tests/cli/record_run", name + ".img", name + ".trace", run],
                       cwd=folder, check=True)
        return (folder / (name + ".trace")).read_bytes()

    (folder / "app").mkdir()
    (folder / "app/main.py").write_bytes(b"print(1)\n")
    traces = {"rewrites": record("a", "3"), "boot": record("b", "boot"), "empty": record("c", "0")}
    traces["cut-short"] = traces["rewrites"][:-30]
    results = {
        "good": twinfs("explore", "--json", "a.img", "a.trace"),
        "shard": twinfs("explore", "--json", "--shard", "1/3", "a.img", "a.trace"),
        "findings": twinfs("explore", "--json", "--checks", "checks", "a.img", "a.trace"),
    }
    return {"trace": traces, "explore_result": results}


def main():
    if len(sys.argv) > 1:
        with tempfile.TemporaryDirectory() as folder:
            (pathlib.Path(folder) / "checks").write_bytes(b"exists /usr/none\n")
            SEEDS.update(recorded(pathlib.Path(sys.argv[1]).resolve(), pathlib.Path(folder)))
    for target, seeds in SEEDS.items():
        folder = HERE / "corpus" / target
        folder.mkdir(parents=True, exist_ok=True)
        for name, data in seeds.items():
            (folder / name).write_bytes(data)


if __name__ == "__main__":
    main()
