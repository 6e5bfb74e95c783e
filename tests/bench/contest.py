# SPDX-License-Identifier: MIT
"""Who is measured, and one round of it: a fresh image, a fresh mount, the file work.

A contestant is a handful of shell commands. In them {dir} stands for the mount
point, {tmp} for a folder of its own, and {mib} for the size of the image in MiB;
both folders are new and empty in each round.
"""
import contextlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass

from module import MIB, Module

PATIENCE = 30  # seconds for a mount to appear
NEEDED, OPTIONAL = {'name', 'mount', 'umount'}, {'prepare', 'cleanup', 'skip'}


class Failure(Exception):
    """A command of a contestant failed."""


@dataclass
class Work:
    """The program that does the file work, and how much of it."""
    program: str
    kind: str
    mib: int
    groups: list


@dataclass
class Contestant:
    """Whoever can be mounted by a command."""
    name: str
    mount: str
    umount: str
    prepare: str = ''
    cleanup: str = ''
    skip: str = ''      # groups of work it is spared, comma list: 'mounts', '256M:mounts'
    top: str = '{dir}'  # where the work is done

    def make(self, place):
        shell(place.fill_in(self.prepare))

    def groups_of(self, work):
        spared = self.skip.split(',')
        return [group for group in work.groups
                if group not in spared and f'{work.kind}:{group}' not in spared]


class Twinfs(Contestant):
    """twinfs itself: its user partition is a folder of the mount.

    Where the work program insists on a mount point (@is_bound), that folder is
    mounted once more.
    """

    def __init__(self, name, twinfs, form, prog_size=None, is_bound=False):
        module = Module(twinfs, '{tmp}')
        super().__init__(name, module.mount_command('{dir}'), f"'{module.twinfs}' umount '{{dir}}'",
                         top='{dir}/usr')
        self.twinfs, self.form, self.prog_size = module.twinfs, form, prog_size
        if is_bound:
            self.top = '{tmp}/view'
            self.mount += " && mount --bind '{dir}/usr' '{tmp}/view'"
            self.umount = f"umount '{{tmp}}/view' && {self.umount}"

    def make(self, place):
        os.mkdir(os.path.join(place.tmp, 'view'))
        Module(self.twinfs, place.tmp).make(place.mib * MIB, self.form, self.prog_size)


class Place:
    """The folders of one round."""

    def __init__(self, folder, mib):
        self.folder, self.mib = folder, mib
        self.dir, self.tmp = os.path.join(folder, 'mnt'), os.path.join(folder, 'tmp')
        os.mkdir(self.dir)
        os.mkdir(self.tmp)

    def fill_in(self, text):
        """Only these three words: the shell's own braces stay as they are."""
        for word, value in (('{dir}', self.dir), ('{tmp}', self.tmp), ('{mib}', str(self.mib))):
            text = text.replace(word, value)
        return text


def peer_from(description):
    """A contestant from its JSON object; ValueError says what is wrong with it."""
    if not isinstance(description, dict) or not NEEDED <= set(description):
        raise ValueError('a peer needs name, mount and umount')
    unknown = set(description) - NEEDED - OPTIONAL
    if unknown:
        raise ValueError(f"peer {description['name']}: unknown {', '.join(sorted(unknown))}")
    return Contestant(**description)


def shell(command):
    if not command:
        return
    done = subprocess.run(command, shell=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          text=True, errors='replace', check=False)
    if done.returncode:
        raise Failure(f'{command}: exit {done.returncode}\n{done.stdout}')


@contextlib.contextmanager
def mounted(contestant, place):
    """A new image, mounted; both are gone afterwards, whatever happened."""
    contestant.make(place)
    try:
        shell(place.fill_in(contestant.mount))
        end = time.monotonic() + PATIENCE
        while not os.path.ismount(place.dir):
            if time.monotonic() > end:
                raise Failure(f'{contestant.name}: nothing is mounted')
            time.sleep(0.001)
        yield place.fill_in(contestant.top)
    finally:
        if os.path.ismount(place.dir):
            shell(place.fill_in(contestant.umount))
        shell(place.fill_in(contestant.cleanup))


def do_work(work, contestant, place, top):
    """Runs the work program once; its items."""
    words = [sys.executable, work.program, top, work.kind, '--repeat', '1',
             '--only', ','.join(contestant.groups_of(work)),
             '--mount', place.fill_in(contestant.mount) + ' >/dev/null 2>&1',
             '--unmount', place.fill_in(contestant.umount)]
    done = subprocess.run(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                          check=False)
    if done.returncode:
        raise Failure(f'{contestant.name}: the work failed: {done.stderr.strip()[-2000:]}')
    return json.loads(done.stdout)['items']


def one_round(work, contestant, tmp):
    folder = tempfile.mkdtemp(prefix='twinfs-bench-', dir=tmp)
    try:
        place = Place(folder, work.mib)
        with mounted(contestant, place) as top:
            return do_work(work, contestant, place, top)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
