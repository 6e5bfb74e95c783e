# SPDX-License-Identifier: MIT
"""Judges documents by the schemas of docs/schemas.

It knows the keywords that those use, and refuses others. So every test that reads a document
has it judged at no cost, and without anything installed; that python3-jsonschema comes to the
same verdicts is a test of its own (cli-schemas).
"""
import functools
import json
import os
import re

FOLDER = os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', '..', 'docs', 'schemas')

# What each verb prints with --json: the name of a schema, by what else is among the words.
OF_VERBS = {
    'boot': 'boot-report',
    'check': 'check',
    'crc': 'crc',
    'damage': 'damage',
    'events': 'event',
    'explore': 'explore-result',
    'fault': 'fault',
    'flash': 'flash',
    'history': 'history',
    'info': 'info',
    'ls': 'ls',
    'merge': 'merge',
    'power': 'power',
    'resize': 'resize',
    'trace': 'trace',
    'unpack': 'unpack',
}
SUMMARY = 'trace-summary'  # of trace with -s
REPAIR = 'repair'  # of check with --repair

# Files that users read or write.
OF_FILES = ('boot-report', 'event', 'explore-result', 'profile', 'status', 'wear')

TYPES = {'object': dict, 'array': list, 'string': str, 'boolean': bool, 'null': type(None)}
NOTES = {'$schema', '$id', '$defs', 'title', 'description'}

# Name of a schema -> the places of its properties that a document had.
seen = {}


class Wrong(AssertionError):
    pass


def names():
    return sorted(name[:-len('.schema.json')] for name in os.listdir(FOLDER)
                  if name.endswith('.schema.json'))


@functools.cache
def load(name):
    with open(os.path.join(FOLDER, name + '.schema.json'), encoding='ascii') as file:
        return json.load(file)


def is_type(value, name):
    if name in ('integer', 'number'):
        kinds = int if name == 'integer' else (int, float)
        return isinstance(value, kinds) and not isinstance(value, bool)
    return isinstance(value, TYPES[name])


class Judge:
    """One document under one schema; @had collects the properties that it has."""

    def __init__(self, root):
        self.root, self.had = root, set()

    def judge(self, schema, value, where, at):
        if '$ref' in schema:
            name = schema['$ref'].removeprefix('#/$defs/')
            self.judge(self.root['$defs'][name], value, where, '/$defs/' + name)
            assert set(schema) <= {'$ref', *NOTES}, schema
            return
        for keyword in schema:
            if keyword not in NOTES:
                getattr(self, 'on_' + re.sub(r'\W', '', keyword))(schema, value, where, at)

    def want(self, is_right, where, what):
        if not is_right:
            raise Wrong(f'{where or "document"}: {what}')

    def on_type(self, schema, value, where, _):
        kinds = schema['type'] if isinstance(schema['type'], list) else [schema['type']]
        self.want(any(is_type(value, kind) for kind in kinds), where, f'{value!r} is no {kinds}')

    def on_enum(self, schema, value, where, _):
        self.want(any(value == one and type(value) is type(one) for one in schema['enum']), where,
                  f'{value!r} is none of {schema["enum"]}')

    def on_const(self, schema, value, where, _):
        one = schema['const']
        self.want(value == one and type(value) is type(one), where, f'{value!r} is not {one!r}')

    def on_minimum(self, schema, value, where, _):
        self.want(value >= schema['minimum'], where, f'{value} is too small')

    def on_maximum(self, schema, value, where, _):
        self.want(value <= schema['maximum'], where, f'{value} is too large')

    def on_pattern(self, schema, value, where, _):
        self.want(value is None or re.search(schema['pattern'], value), where,
                  f'{value!r} is not as {schema["pattern"]}')

    def on_minLength(self, schema, value, where, _):
        self.want(len(value) >= schema['minLength'], where, 'is too short')

    def on_maxLength(self, schema, value, where, _):
        self.want(len(value) <= schema['maxLength'], where, 'is too long')

    def on_minItems(self, schema, value, where, _):
        self.want(len(value) >= schema['minItems'], where, 'has too few items')

    def on_maxItems(self, schema, value, where, _):
        self.want(len(value) <= schema['maxItems'], where, 'has too many items')

    def on_items(self, schema, value, where, at):
        for number, item in enumerate(value):
            self.judge(schema['items'], item, f'{where}[{number}]', at + '/items')

    def on_required(self, schema, value, where, _):
        missing = [key for key in schema['required'] if key not in value]
        self.want(not missing, where, f'{missing} missing')

    def on_properties(self, schema, value, where, at):
        for key, one in schema['properties'].items():
            if key in value:
                self.judge(one, value[key], f'{where}.{key}', f'{at}/properties/{key}')
                self.had.add(f'{at}/properties/{key}')

    def on_additionalProperties(self, schema, value, where, at):
        rest = schema['additionalProperties']
        for key in value.keys() - schema.get('properties', {}).keys():
            self.want(rest, where, f'{key!r} is not in the schema')
            self.judge(rest, value[key], f'{where}.{key}', at + '/additionalProperties')

    def on_propertyNames(self, schema, value, where, at):
        for key in value:
            self.judge(schema['propertyNames'], key, where, at + '/propertyNames')

    def on_allOf(self, schema, value, where, at):
        for one in schema['allOf']:
            self.judge(one, value, where, at)

    def alternatives(self, keyword, schema, value, where, at):
        """How many hold; what those have counts as had."""
        count, why = 0, []
        for number, one in enumerate(schema[keyword]):
            other = Judge(self.root)
            try:
                other.judge(one, value, where, f'{at}/{keyword}/{number}')
            except Wrong as error:
                why.append(str(error))
                continue
            self.had |= other.had
            count += 1
        return count, '; or '.join(why)

    def on_anyOf(self, schema, value, where, at):
        count, why = self.alternatives('anyOf', schema, value, where, at)
        self.want(count, where, why)

    def on_oneOf(self, schema, value, where, at):
        count, why = self.alternatives('oneOf', schema, value, where, at)
        self.want(count == 1, where, why or f'{count} alternatives hold')


def judge(name, document):
    """Fails with the place and the reason when the document is not as the schema says."""
    root = load(name)
    one = Judge(root)
    try:
        one.judge(root, document, '', '')
    except Wrong as error:
        raise Wrong(f'by {name}.schema.json, {error}') from None
    seen.setdefault(name, set()).update(one.had)


def properties(name):
    """The places of all properties of a schema."""
    found = set()

    def walk(node, at):
        if isinstance(node, dict):
            for key, value in node.items():
                place = f'{at}/{key}'
                if at.endswith('/properties') and not at.endswith('/properties/properties'):
                    found.add(place)
                walk(value, place)
        elif isinstance(node, list):
            for number, value in enumerate(node):
                walk(value, f'{at}/{number}')

    walk(load(name), '')
    return found


def judge_output(words, text):
    """What a verb has printed, if it was asked for JSON: "twinfs WORDS". Returns the documents."""
    if not words or '--json' not in words[1:] or words[0] not in OF_VERBS:
        return []
    name = OF_VERBS[words[0]]
    if words[0] == 'trace' and {'-s', '--summary'} & set(words):
        name = SUMMARY
    if words[0] == 'check' and '--repair' in words:
        name = REPAIR
    documents = [json.loads(one) for one in (text.splitlines() if name == 'event' else [text])]
    for document in documents:
        judge(name, document)
    return documents
