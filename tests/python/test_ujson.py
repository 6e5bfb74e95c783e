# SPDX-License-Identifier: MIT
"""ujson: what the loose reader accepts, and what the writer writes."""
import io

from bak import check
import ujson

SYNTAX = 'syntax error in JSON'
ENTRY = '{"name": "/usr/a", "crc32": "0x1"}'
GOOD = (
    ('[', []),
    ('[\0\0\0', []),
    ('[]', []),
    ('[' + ENTRY, [{'name': '/usr/a', 'crc32': '0x1'}]),
    ('[' + ENTRY + ', ', [{'name': '/usr/a', 'crc32': '0x1'}]),
    ('[{"name": "/usr/a" "crc32": "0x1"}]', [{'name': '/usr/a', 'crc32': '0x1'}]),
    ('[{"name": "/usr/a", "crc32": "0x1"]]', [{'name': '/usr/a', 'crc32': '0x1'}]),
    ('[1]\0rubbish', [1]),
    ('{"enable": 1', {'enable': 1}),
    ('{"enable" 1]', {'enable': 1}),
    ('{"enable": 1} \t\r\n\v\f', {'enable': 1}),
    ('1', 1),
    ('"x"', 'x'),
    (',:,[1:2,,3]', [1, 2, 3]),
    ('[nulltruefalse]', [None, True, False]),
    ('{"a" 1 "b"}', {'a': 1}),
    ('[{"b"} 7 {2}]', [{}, 7, {'b': 2}]),
    ('{"a": 1, "a": [3]}', {'a': [3]}),
    ('{1: 2, null: 3, 1.5: 5}', {1: 2, None: 3, 1.5: 5}),
    ('"\\b\\f\\n\\r\\t"', '\b\f\n\r\t'),
    ('"\\"\\\\\\/\\x"', '"\\/x'),
    ('"\\u0041\\u00e9\\u4f60"', 'A\u00e9\u4f60'),
    ('"\\u00G0"', '\u0100'),
    ('"a\\\0b"', 'a\0b'),
    ('[0 -0 007 -7 -007]', [0, 0, 7, -7, -7]),
    ('123456789012345678901234567890', 123456789012345678901234567890),
    ('[1.5 1. 1.e5 -. -.5 -e5 1E-1 1e+3]', [1.5, 1.0, 1e5, 0.0, -0.5, 0.0, 0.1, 1e3]),
)
BAD = (
    ('[' + ENTRY + ', {', SYNTAX),
    ('[' + ENTRY + ', {"name', SYNTAX),
    ('\0\0\0', SYNTAX),
    ('', SYNTAX),
    ('  \t\r\n', SYNTAX),
    ('{"enable": 1}x', SYNTAX),
    ('{"enable": 1},', SYNTAX),
    ('1 2', SYNTAX),
    ('\ufeff{"enable": 1}', SYNTAX),
    ("'x'", SYNTAX),
    (']', SYNTAX),
    ('\v[]', SYNTAX),
    ('[True]', SYNTAX),
    ('{[]: 1}', SYNTAX),
    ('"a\0b"', SYNTAX),
    ('"abc\\', SYNTAX),
    ('"\\u00', SYNTAX),
    ('+1', SYNTAX),
    ('1-2', "invalid syntax for integer with base 10: '1-2'"),
    ('-1-2', "invalid syntax for integer with base 10: '1-2'"),
    ('-', "invalid syntax for integer with base 10: ''"),
    ('1e-', 'invalid syntax for number'),
    ('1.2.3', 'invalid syntax for number'),
)


def test_good():
    for text, wanted in GOOD:
        check.equal(ujson.loads(text), wanted)
        check.equal(ujson.loads(text.encode()), wanted)


def test_bad():
    for text, wanted in BAD:
        check.equal(str(check.fails(ValueError, ujson.loads, text)), wanted)


def test_what_can_be_read():
    check.equal(ujson.loads(bytearray(b'[1]')), [1])
    check.equal(ujson.load(io.StringIO('{"a": "\u00e9"}')), {'a': '\u00e9'})
    check.equal(ujson.load(io.BytesIO(b'[2]')), [2])
    with open('/usr/cfg.json') as file:
        check.equal(ujson.load(file), {'volume': 5})
    check.fails(TypeError, ujson.loads, None)


def test_writing():
    check.equal(ujson.dumps([1, -2.5, None, True, False, 'x', (3, 4), [], {}, ()]),
                '[1, -2.5, null, true, false, "x", [3, 4], [], {}, []]')
    check.equal(ujson.dumps({'a': {'b': [1]}}), '{"a": {"b": [1]}}')
    check.equal(ujson.dumps('"\\/\n\r\t\b\x01\x7f\u00e9'),
                '"\\"\\\\/\\n\\r\\t\\u0008\\u0001\\u007f\u00e9"')
    for key, written in ((1, '1'), (None, 'null'), (True, 'true'), (1.5, '1.5')):
        check.equal(ujson.dumps({key: 0}), '{"' + written + '": 0}')


def test_writing_to_a_file():
    with open('/usr/new.json', 'w') as file:
        ujson.dump({'volume': 6}, file)
    with open('/usr/new.json') as file:
        check.equal(file.read(), '{"volume": 6}')


def test_depth():
    check.equal(ujson.loads('[' * 300 + ']' * 300), ujson.loads('[' * 300 + '}' * 299))


check.run(globals())
