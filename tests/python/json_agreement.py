# SPDX-License-Identifier: MIT
"""The boot's JSON reader and ujson must agree on any input:

    json_agreement.py cpython|micropython|node LOOSE_JSON_LINES

Documents made from a seed, most of them damaged, go through both. The seed is
printed, and TWINFS_SEED sets it.
"""
import json
import math
import os
import random
import re
import subprocess
import sys
import tempfile

import interpreters

COUNT = 6000

APPLICATION = '''
import ujson, ubinascii
def answer(kind, text):
    print(kind + ubinascii.hexlify(text.encode('utf-8', 'surrogateescape')).decode())
with open('/usr/documents') as file:
    for line in file:
        try:
            document = ujson.loads(ubinascii.unhexlify(line.strip()))
        except UnicodeError:
            print('?')
        except ValueError as failure:
            answer('!', str(failure))
        else:
            answer('=', ujson.dumps(document))
'''

WHOLE = (
    b'[{"name": "/usr/main.py", "crc32": "0x12cab5bf"}, {"name": "/usr/lib/m.py", "crc32": "0x1"}]',
    b'{"enable": 1}',
    b'{"a": [1, -2, {"b": null, "c": [true, false]}], "d": "x\\ny\\u00e9\\\\", "e": {}}',
    b'[1.5, -2.25e10, 1E-3, 007, -0, [[], [[]]], ""]',
    '{"größe": "你好", "k": "\\"q\\" \\/ \\b\\f\\r\\t"}'.encode(),
    b'[{"name": "a", "total_size": 12345678901234567890, "url": "http://h/p?q=1"}]',
    b'"x"',
    b'-1',
)
PIECES = (
    b'[', b']', b'{', b'}', b'"', b',', b':', b' ', b'\\', b'\\u', b'\\ud83d', b'\0', b'\n',
    b'\v', b'null', b'tru', b'-', b'+', b'.', b'e', b'7', b'0', b'G', b'\xc3\xa9', b'\xff', b'\x7f', b'\x01',
)


def damaged(chance):
    """A document with up to six places where something went wrong."""
    data = bytearray(chance.choice(WHOLE))
    for _ in range(chance.randrange(7)):
        at = chance.randrange(len(data) + 1)
        kind = chance.randrange(5)
        if kind == 0:
            del data[at:at + chance.randrange(1, 4)]
        elif kind == 1:
            data[at:at] = chance.choice(PIECES)
        elif kind == 2:
            data[at:at + 1] = chance.choice(PIECES)
        elif kind == 3:
            data[at:at] = data[chance.randrange(len(data) + 1):][:20]
        else:
            del data[at:]
    return bytes(data)


def rubbish(chance):
    """Pieces of JSON in any order."""
    return b''.join(chance.choice(PIECES) for _ in range(chance.randrange(16)))


def documents(seed):
    """All that goes through both."""
    chance = random.Random(seed)
    return list(WHOLE) + [damaged(chance) if chance.randrange(4) else rubbish(chance)
                          for _ in range(COUNT)]


def value(text):
    """What is compared: the two write numbers with a point differently."""
    text = bytes.fromhex(text).decode('utf-8', 'surrogateescape')
    return json.loads(text.replace('inf', '1e999'), strict=False)


def same(one, other):
    """Whether two values are equal, numbers with a point nearly."""
    if isinstance(one, float) or isinstance(other, float):
        return one == other or math.isclose(one, other, rel_tol=1e-9)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, dict) and isinstance(other, dict):
        # MicroPython's dict has no order.
        return one.keys() == other.keys() and all(same(one[key], other[key]) for key in one)
    return one == other


def agree(document, boot, ours):
    """Whether both made the same of a document."""
    if boot == ours:
        return True
    if ours == '?':
        # MicroPython has no str with bytes that are no UTF-8, which a \u may leave, too.
        rest = re.sub(rb'\\u.{4}', b'', document, flags=re.DOTALL)
        return any(data.decode('utf-8', 'replace').encode() != data for data in (document, rest))
    return boot[0] == ours[0] == '=' and same(value(boot[1:]), value(ours[1:]))


def lines(words, data=None):
    """What a program printed, line by line."""
    return subprocess.run(words, input=data, stdout=subprocess.PIPE, check=True, text=True,
                          timeout=200, env=interpreters.environment()).stdout.splitlines()


def main():
    interpreter = interpreters.find(sys.argv[1])
    if isinstance(interpreter, str):
        print('skipped: ' + interpreter)
        sys.exit(interpreters.SKIPPED)
    seed = int(os.environ.get('TWINFS_SEED', '1'))
    print('seed %d' % seed)
    inputs = documents(seed)
    text = ''.join(document.hex() + '\n' for document in inputs)
    boot = lines([sys.argv[2]], text)
    with tempfile.TemporaryDirectory(prefix='twinfs-json-') as root:
        os.mkdir(os.path.join(root, 'bak'))
        os.mkdir(os.path.join(root, 'usr'))
        for name, content in (('documents', text), ('main.py', APPLICATION)):
            with open(os.path.join(root, 'usr', name), 'w', encoding='ascii') as file:
                file.write(content)
        ours = lines(interpreter.command(root, [], '/usr/main.py'))
    assert len(boot) == len(ours) == len(inputs), (len(boot), len(ours), len(inputs))
    wrong = [row for row in zip(inputs, boot, ours) if not agree(*row)]
    for document, *made in wrong[:20]:
        one, other = [(line[0], bytes.fromhex(line[1:])) for line in made]
        print('FAILED %r\n  boot  %s %r\n  ujson %s %r' % ((document,) + one + other))
    accepted = sum(line[0] == '=' for line in boot)
    print('%d documents, %d accepted, %d failed' % (len(inputs), accepted, len(wrong)))
    assert accepted > len(inputs) // 10
    sys.exit(1 if wrong else 0)


if __name__ == '__main__':
    main()
