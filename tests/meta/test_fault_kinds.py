# SPDX-License-Identifier: MIT
"""Each kind of fault in the comparison that is ours is shown by a test that exists."""
import re
import sys

import project

PAGE = 'docs/fault-kinds.md'


def sections(text):
    """Of each section its title, and the rows of its tables, without their heads."""
    for part in re.split(r'^## ', text, flags=re.M)[1:]:
        tables = re.findall(r'^\|.*\n\|[-|]+\n((?:\|.*\n)+)', part, flags=re.M)
        rows = [[cell.strip() for cell in line.strip('|').split(' | ')]
                for table in tables for line in table.splitlines()]
        yield part.split('\n', 1)[0], rows


def has_test(file, name):
    """Whether the file has the test, and runs it: one of Check has to be on a list."""
    text = project.read(file)
    if file.endswith('.py'):
        return bool(re.search(rf'^    def {name}\(self\):', text, flags=re.M))
    return f'START_TEST({name})' in text and len(re.findall(rf'\b{name}\b', text)) > 1


def main():
    parts = dict(sections(project.read(PAGE)))
    kinds = [row[0] for title in ('What happens', 'When', 'Where', 'How often, and how one sees it')
             for row in parts[title] if row[1] != '-' and not row[1].startswith('no,')]
    if not kinds or not parts['Shown by']:
        sys.exit(f'{PAGE}: no kind was found')
    complaints, shown = [], set()
    for kind, test, file in parts['Shown by']:
        test, file = test.strip('`'), file.strip('`')
        if kind not in kinds:
            complaints.append(f'{PAGE}: {kind}: there is no such kind')
        if not file.startswith('tests/') or not has_test(file, test):
            complaints.append(f'{PAGE}: {kind}: {file} has no test {test}')
        shown.add(kind)
    complaints += [f'{PAGE}: {kind}: no test is named' for kind in kinds if kind not in shown]
    print(f'{len(kinds)} kinds')
    project.end(complaints)


if __name__ == '__main__':
    main()
