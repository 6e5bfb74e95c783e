# SPDX-License-Identifier: MIT
"""Each row of docs/posix.md is shown by a test; each test of tests/posix has a row."""
import ast
import functools
import re
import sys

import project

PAGE = 'docs/posix.md'
WORDS = ('as tmpfs', 'works', 'refused', 'differs', 'limit')


@functools.cache
def tests_of(file):
    """Class.test -> the lines of the test."""
    text = project.read(file)
    lines = text.splitlines()
    return {f'{group.name}.{test.name}': '\n'.join(lines[test.lineno - 1:test.end_lineno])
            for group in ast.parse(text).body if isinstance(group, ast.ClassDef)
            for test in group.body
            if isinstance(test, ast.FunctionDef) and test.name.startswith('test_')}


def rows(text):
    """Of each row of a table with tests: the file of its section, and its four cells."""
    for part in re.split(r'^## ', text, flags=re.M)[1:]:
        file = re.search(r'Shown by `(tests/posix/test_\w+\.py)`', part)
        for table in re.findall(r'^\| call .*\n\|[-|]+\n((?:\|.*\n)+)', part, flags=re.M):
            for line in table.splitlines():
                yield file and file[1], re.split(r' *\| *', line)[1:-1]


def check_row(tests, call, here, named):
    """What is wrong with a row; named is the list of its tests."""
    if not here.startswith(WORDS):
        yield f'{call}: "{here}" begins with none of {", ".join(WORDS)}'
    if not named:
        yield f'{call}: no test is named'
    for name in named:
        if name not in tests:
            yield f'{call}: there is no test {name}'
    lines = '\n'.join(tests.get(name, '') for name in named)
    for number in re.findall(r'\bE[A-Z]{3,}\b', here):
        if number not in lines:
            yield f'{call}: {", ".join(named)} does not name {number}'
    if here.startswith('differs') and not re.search(r'differs\(|lower=|assert', lines):
        yield f'{call}: {", ".join(named)} compares nothing'
    if here.startswith('as tmpfs') and 'self.same(' not in lines:
        yield f'{call}: {", ".join(named)} does not compare with a tmpfs'


def main():
    complaints, shown, differing = [], set(), set()
    count = 0
    for file, (call, here, _, cell) in rows(project.read(PAGE)):
        if not file:
            sys.exit(f'{PAGE}: {call}: its section does not say which file has the tests')
        tests = tests_of(file)
        named = re.findall(r'`([\w.]+)`', cell)
        complaints += [f'{PAGE}: {text}' for text in check_row(tests, call, here, named)]
        shown |= {(file, name) for name in named}
        if not here.startswith('as tmpfs'):
            differing |= {(file, name) for name in named}
        count += 1
    if not count:
        sys.exit(f'{PAGE}: no row was found')
    for file in project.sources('tests/posix', ends=('.py',)):
        for name, lines in tests_of(file).items():
            if (file, name) not in shown:
                complaints.append(f'{PAGE}: {file}: {name} has no row')
            elif 'self.differs(' in lines and (file, name) not in differing:
                complaints.append(f'{PAGE}: {file}: {name} shows a difference that has no row')
    print(f'{count} rows')
    project.end(complaints)


if __name__ == '__main__':
    main()
