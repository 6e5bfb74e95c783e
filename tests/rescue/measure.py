# SPDX-License-Identifier: MIT
"""How much of the original content of files comes back from a damaged image, and in which way."""
import hashlib
import json
import os
import random
import shutil
import subprocess
import tempfile
from typing import NamedTuple

import damage

TIMEOUT = 60
WAYS = ('mount', 'reader', 'repair', 'history')


class Back(NamedTuple):
    """Bytes of original content: under their name, or under another."""
    named: int
    moved: int


def digest(content):
    return hashlib.sha256(content).hexdigest()


def account(files, found):
    """@found: (path without a slash in front, or None; digest) of each file that came back."""
    by_name = {path: sha for path, sha in found if path is not None}
    spare = {sha for _, sha in found}
    named = moved = 0
    for path, content in files.items():
        if by_name.get(path) == digest(content):
            named += len(content)
        elif digest(content) in spare:
            moved += len(content)
    return Back(named, moved)


def run(words):
    """What a program prints, and how it ends. One that hangs or crashes has printed nothing."""
    try:
        done = subprocess.run(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                              timeout=TIMEOUT, check=False)
    except subprocess.TimeoutExpired:
        return b'', -1
    return (b'' if done.returncode < 0 else done.stdout), done.returncode


def parse_list(text):
    """The files of a JSON list of entries."""
    try:
        entries = json.loads(text)['entries']
    except (ValueError, KeyError):
        return []
    found = []
    for entry in entries:
        path = (bytes.fromhex(entry['path_hex']) if 'path_hex' in entry
                else entry['path'].encode())
        if entry['type'] == 'reg' and entry.get('sha256'):
            found.append((path.lstrip(b'/'), entry['sha256']))
    return found


class Bench:
    """The programs, and the folder they work in."""

    def __init__(self, program, folder, readers=None):
        self.program = program
        self.folder = folder
        self.readers = readers or {}    # of other makers, by format

    def where(self, image, path):
        """The options that name the image in the file @path."""
        return ['--profile', image.profile, '--user', path]

    def listing(self, image, path):
        return parse_list(run([self.program, 'ls', '-r', '--hash', '--json',
                               *self.where(image, path)])[0])

    def history(self, image, path):
        """All versions and all chains, each of which is asked for by its last block."""
        out = os.path.join(self.folder, 'out')
        shutil.rmtree(out, ignore_errors=True)
        os.mkdir(out)
        words = [self.program, 'history', '--all', '--to', out, *self.where(image, path)]
        run([*words, '--extract', 'all'])
        for block in self.chains(image, path):
            run([*words, '--chain', str(block)])
        found = []
        for top, _, names in os.walk(out):
            for name in names:
                with open(os.path.join(top, name), 'rb') as file:
                    found.append((None, digest(file.read())))
        return found

    def chains(self, image, path):
        text, _ = run([self.program, 'history', '--all', '--json', *self.where(image, path)])
        if not text:
            return []
        return [version['head'] for version in json.loads(text)['versions']
                if version.get('path', '') is None]

    def reader(self, image, path):
        words = [self.readers[image.shape.format], path, str(image.shape.block_size)]
        return parse_list(run(words)[0])

    def repair(self, image, path):
        """Repairs a copy; returns its path and the report, None when there is none."""
        copy = os.path.join(self.folder, 'repaired.bin')
        for name in os.listdir(self.folder):
            if name.startswith('repaired.bin'):
                os.unlink(os.path.join(self.folder, name))
        shutil.copy(path, copy)
        out, status = run([self.program, 'check', '--repair', '--json',
                           *self.where(image, copy)])
        return copy, (json.loads(out) if status in (0, 1) else None)

    def measure(self, image, data):
        """Way -> Back, for all ways that can be tried."""
        path = os.path.join(self.folder, 'damaged.bin')
        with open(path, 'wb') as file:
            file.write(data)
        found = {'mount': self.listing(image, path)}
        if image.shape.format in self.readers:
            found['reader'] = self.reader(image, path)
        copy, _ = self.repair(image, path)
        found['repair'] = self.listing(image, copy)
        found['history'] = self.history(image, path)
        return {way: account(image.files, files) for way, files in found.items()}


def damaged(image, kind, seed):
    """The damaged bytes, or None."""
    rng = random.Random(f'{image.shape.name} {kind} {seed}')
    data = damage.KINDS[kind][1](image, rng)
    return None if data is None else bytes(data)


def folder_of_test():
    return tempfile.TemporaryDirectory(prefix='twinfs-rescue-')
