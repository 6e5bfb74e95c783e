# SPDX-License-Identifier: MIT
"""docs/python-api.md names all that the modules of applications have.

That the names are what it says is seen in each interpreter: tests/python/test_api.py.
"""
import ast
import glob
import os
import re
import sys

import project

ROW = re.compile(r'^\| `([^`]+)` \| ([^|]+) \| ([^|]+) \| ([^|]+) \|$', re.MULTILINE)
ITSELF = ('fota', 'osTimer', 'usys')  # what a module of that name contains, and is
KINDS = {'yes': ('yes', 'with threads'), 'NotImplementedError': ('NotImplementedError',)}


def is_public(name):
    return not name.startswith('_')


def defined(node):
    """The names that a statement of a module defines."""
    if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
        return [node.name]
    if isinstance(node, ast.Assign):
        return [target.id for target in node.targets if isinstance(target, ast.Name)]
    if isinstance(node, ast.ImportFrom):
        return [alias.asname or alias.name for alias in node.names]
    return []


def public_names(path):
    """The names a module offers, and those of its classes' methods, as module.Class.method."""
    module = os.path.basename(path)[:-3]
    names = []
    with open(path, encoding='utf-8') as file:
        tree = ast.parse(file.read())
    for node in tree.body:
        for name in filter(is_public, defined(node)):
            full = module if name == module and module in ITSELF else f'{module}.{name}'
            names.append(full)
            if isinstance(node, ast.ClassDef):
                names += [f'{full}.{part.name}' for part in node.body
                          if isinstance(part, ast.FunctionDef) and is_public(part.name)]
    # usys is sys, with all of it.
    return [name for name in names if name not in ('usys', 'usys.*')]


def documented(rows):
    """The names of the table without the calls in them: queue.Queue().put is queue.Queue.put."""
    return {re.sub(r'\([^)]*\)', '', row[0]) for row in rows}


def wrong_rows(rows):
    """What is wrong with rows by themselves, and with the tests they refer to."""
    for name, cpython, micropython, shown in rows:
        if micropython not in KINDS.get(cpython, ()):
            yield f'{name}: {cpython} | {micropython}'
        if cpython != 'yes':
            continue
        path = project.path('tests', 'python', shown.strip('`') + '.py')
        if not os.path.exists(path):
            yield f'{name}: there is no test {shown}'
        elif not re.search(r'\b' + name.split('.')[-1].split('(')[0] + r'\b', project.read(path)):
            yield f'{name}: {shown} does not mention it'


def main():
    rows = ROW.findall(project.read('docs', 'python-api.md'))
    names = documented(rows)
    failures = list(wrong_rows(rows))
    modules = glob.glob(project.path('emulator', 'python', '*.py'))
    for path in sorted(modules):
        if os.path.basename(path) != 'start.py':
            failures += [f'{name} is not in the table' for name in public_names(path)
                         if name not in names]
    absent = sum(row[1] != 'yes' for row in rows)
    print(f'{len(rows)} rows: {len(rows) - absent} implemented, {absent} raise NotImplementedError')
    if failures or not modules:
        sys.exit('\n'.join(failures))


if __name__ == '__main__':
    main()
