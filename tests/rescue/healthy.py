# SPDX-License-Identifier: MIT
"""Healthy images with known content, some of it with a past, made by twinfs itself.

A volume has files of many sizes (empty, inside the metadata of littlefs 2, some of one block, some of
many), directories of directories, one with more entries than a pair holds, and times as user
attributes where the format has them. Then files are replaced and removed, so that old versions lie
around. What it holds in the end is read back by the independent readers of ../interop.
"""
import json
import os
import random
import subprocess
import sys
from typing import NamedTuple

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), 'interop'))

import lfs1_image
import lfs2_image

VOLUMES = {'lfs1': lfs1_image.Volume, 'lfs2': lfs2_image.Volume}
DEFAULT_PROFILE = os.path.join(HERE, '../../images/profiles/default.json')


class Shape(NamedTuple):
    """Format and geometry of a volume."""
    format: str
    block_size: int
    blocks: int

    @property
    def name(self):
        return f'{self.format}-{self.block_size}'


class Image(NamedTuple):
    shape: Shape
    data: bytes
    files: dict     # path (bytes, without a slash in front) -> content
    profile: str    # the file that tells twinfs the geometry

    def volume(self, data=None):
        """What the independent reader makes of it, or of another state of it."""
        return VOLUMES[self.shape.format](self.data if data is None else data,
                                          self.shape.block_size)


def write(path, data):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, 'wb') as file:
        file.write(data)


def write_profile(path, shape):
    with open(DEFAULT_PROFILE, encoding='utf-8') as file:
        profile = json.load(file)
    size = shape.block_size * shape.blocks
    start = 0x10000
    profile['name'] = 'rescue-' + shape.name
    profile['partitions'] = {
        'customer_fs': {'addr': hex(start), 'size': size},
        'customer_backup_fs': {'addr': hex(start + size), 'size': size},
    }
    profile['chip_size'] = start + 2 * size + 0x10000
    profile['filesystem'].update(block_size=shape.block_size, prog_size=shape.block_size,
                                 spare_blocks=0)
    profile['filesystem']['v2'].update(prog_size=16, stores_mtime=True)
    profile['flash'].update(erase_size=min(shape.block_size, 4096))
    profile.pop('sources')
    with open(path, 'w', encoding='utf-8') as file:
        json.dump(profile, file)


def first_tree(rng, block_size):
    """path -> content of a new application."""
    sizes = [0, 1, 20, 200, block_size // 2, block_size - 1, block_size, block_size + 1,
             3 * block_size, 7 * block_size + 13]
    tree = {f'file{n}.bin': rng.randbytes(size) for n, size in enumerate(sizes)}
    tree['main.py'] = b"PROJECT_NAME = 'R'\nPROJECT_VERSION = '1.0.0'\n" * 8
    for n in range(6):
        tree[f'lib/module{n}.py'] = (b'def read%d():\n    return %d\n' % (n, n)) * rng.randrange(1, 60)
    for n in range(4):
        tree[f'data/day{n}/log.txt'] = rng.randbytes(rng.randrange(10, 4 * block_size))
        tree[f'data/day{n}/index'] = rng.randbytes(rng.randrange(10, 100))
    for n in range(block_size // 24):
        tree[f'many/entry-{n:04}.txt'] = b'entry %d\n' % n * rng.randrange(1, 5)
        if n == 40:
            break
    return tree


def replace_some(twinfs, image_args, folder, rng, block_size):
    """Gives some files another content, one directory at a time, and removes others."""
    for turn in range(3):
        for where in ('', 'lib/', 'data/day1/', 'data/day3/'):
            source = os.path.join(folder, f'turn{turn}', where.replace('/', '_') or 'top')
            names = {'': ['config.json', 'file3.bin', 'file8.bin'], 'lib/': ['module2.py', 'new.py']}
            for name in names.get(where, ['log.txt']):
                size = rng.choice([30, 300, block_size, 2 * block_size + 5])
                write(os.path.join(source, name), rng.randbytes(size))
            twinfs('put', '--force', *image_args, source + '/.', '/' + where)
    twinfs('rm', *image_args, 'file7.bin', 'lib/module4.py', 'data/day2/index')


def make(program, folder, shape, seed):
    """Makes an image in @folder."""
    def twinfs(*words):
        subprocess.run([program, *words], check=True, stdout=subprocess.PIPE)

    rng = random.Random(f'{shape.name} {seed}')
    os.makedirs(folder)
    profile = os.path.join(folder, 'profile.json')
    write_profile(profile, shape)
    for path, content in first_tree(rng, shape.block_size).items():
        write(os.path.join(folder, 'app', path), content)
    twinfs('mk', '-q', '--profile', profile, '--format', shape.format,
           '--user', os.path.join(folder, 'app'), '--pair', os.path.join(folder, 'pair'))
    user = os.path.join(folder, 'pair', 'customer_fs.bin')
    image_args = ('--profile', profile, '--block-size', str(shape.block_size), '--user', user)
    replace_some(twinfs, image_args, folder, rng, shape.block_size)
    with open(user, 'rb') as file:
        data = file.read()
    volume = VOLUMES[shape.format](data, shape.block_size)
    files = {path[1:]: content for path, content in volume.tree().items() if content is not None}
    return Image(shape, data, files, profile)
