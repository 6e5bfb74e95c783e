#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Real programs at work in usr/."""
import os
import random
import shutil
import sqlite3
import subprocess
import tarfile
import tempfile
import zipfile

import lib

SEED = int(os.environ.get('TWINFS_SEED', '1'))


def make_tree(root):
    """A tree of ordinary files, the same for each seed."""
    chance = random.Random(SEED)
    folders = [root]
    os.mkdir(root)
    for i in range(12):
        folders.append(os.path.join(chance.choice(folders), 'dir-%d' % i))
        os.mkdir(folders[-1])
    for i in range(60):
        size = chance.choice((0, 1, 100, 4096, 4097, 20000))
        lib.write(os.path.join(chance.choice(folders), 'file %d.txt' % i), chance.randbytes(size))


class Programs(lib.MountTest):
    def setUp(self):
        super().setUp()
        self.source = os.path.join(self.folder, 'source')
        old = os.umask(0o022)
        try:
            make_tree(self.source)
        finally:
            os.umask(old)
        self.copy = self.mount.usr('copy')

    def same(self):
        """The copy is right, and still is when it comes from the chip."""
        self.assertEqual(lib.tree(self.copy), lib.tree(self.source), 'seed %d' % SEED)
        self.remount()
        self.copy = self.mount.usr('copy')
        self.assertEqual(lib.tree(self.copy), lib.tree(self.source), 'seed %d' % SEED)

    def test_ls_and_df(self):
        lib.run('ls', '-laR', self.mount.root)
        for name in ('usr', 'bak', ''):
            lib.run('df', '-h', self.mount.path(name))
            lib.run('df', '-i', self.mount.path(name))
        self.assertIn(self.image, lib.run('df', self.mount.usr()).stdout)
        lib.run('du', '-s', self.mount.root)

    def test_cp(self):
        lib.run('cp', '-a', self.source, self.copy)
        self.assertEqual(os.stat(os.path.join(self.copy, 'dir-0')).st_mtime_ns,
                         os.stat(os.path.join(self.source, 'dir-0')).st_mtime_ns)
        self.same()

    def test_cp_inside(self):
        lib.run('cp', '-a', self.source, self.copy)
        lib.run('cp', '-r', self.copy, self.mount.usr('again'))
        self.assertEqual(lib.tree(self.mount.usr('again')), lib.tree(self.source))
        lib.run('mv', self.mount.usr('again'), os.path.join(self.copy, 'dir-0'))
        self.assertEqual(lib.tree(os.path.join(self.copy, 'dir-0', 'again')),
                         lib.tree(self.source))

    def test_rm(self):
        free = os.statvfs(self.mount.usr()).f_bfree
        lib.run('cp', '-a', self.source, self.copy)
        lib.run('rm', '-r', self.copy)
        self.assertFalse(os.path.exists(self.copy))
        self.assertEqual(os.statvfs(self.mount.usr()).f_bfree, free)

    @lib.needs('rsync')
    def test_rsync(self):
        lib.run('rsync', '-rt', self.source + '/', self.copy)
        again = lib.run('rsync', '-rti', self.source + '/', self.copy)
        self.assertEqual(again.stdout, '')
        lib.write(os.path.join(self.source, 'new'), b'n' * 5000)
        again = lib.run('rsync', '-rti', self.source + '/', self.copy)
        self.assertIn('new', again.stdout)
        self.same()

    def test_tar(self):
        archive = os.path.join(self.folder, 'source.tar')
        lib.run('tar', '-cf', archive, '-C', self.source, '.')
        os.mkdir(self.copy)
        lib.run('tar', '-xf', archive, '-C', self.copy)
        self.same()
        lib.run('tar', '-cf', self.mount.usr('back.tar'), '-C', self.copy, '.')
        lib.run('tar', '-df', self.mount.usr('back.tar'), '-C', self.copy)

    @lib.needs('git')
    def test_git(self):
        env = dict(os.environ, HOME=self.folder, GIT_CONFIG_NOSYSTEM='1',
                   GIT_AUTHOR_NAME='a', GIT_AUTHOR_EMAIL='a@example.org',
                   GIT_COMMITTER_NAME='a', GIT_COMMITTER_EMAIL='a@example.org')

        def git(*words):
            return lib.run('git', '-C', self.mount.usr('work'), *words, env=env).stdout

        work = self.mount.usr('work')
        lib.run('git', 'init', '-q', work, env=env)
        lib.run('cp', '-r', self.source, os.path.join(work, 'tree'))
        git('add', '.')
        git('commit', '-q', '-m', 'first')
        lib.write(os.path.join(work, 'more'), b'more\n')
        git('add', 'more')
        git('commit', '-q', '-m', 'second')
        git('mv', 'more', 'moved')
        git('commit', '-q', '-m', 'third')
        self.assertEqual(git('status', '--porcelain'), '')
        self.assertEqual(git('log', '--format=%s').split(), ['third', 'second', 'first'])
        git('checkout', '-q', 'HEAD~1')
        self.assertTrue(os.path.exists(os.path.join(work, 'more')))
        git('gc', '-q')
        git('fsck', '--strict')
        lib.run('git', 'clone', '-q', work, self.mount.usr('clone'), env=env)
        self.assertEqual(lib.tree(self.mount.usr('clone', 'tree')), lib.tree(self.source))
        self.remount()
        git('fsck', '--strict')
        self.assertEqual(git('status', '--porcelain'), '')

    @lib.needs('sed')
    def test_sed(self):
        """Writes another file and renames it over the first."""
        path = self.mount.usr('text')
        lib.write(path, b'one\ntwo\n')
        lib.run('sed', '-i', 's/two/2/', path)
        self.assertEqual(lib.read(path), b'one\n2\n')
        lib.run('sed', '-i.old', 's/one/1/', path)
        self.restart()
        self.assertEqual(lib.read(path), b'1\n2\n')
        self.assertEqual(lib.read(path + '.old'), b'one\n2\n')

    @lib.needs('vim')
    def test_vim(self):
        """With its swap file, and a copy kept: the new file replaces the old, or goes over it."""
        for way in ('yes', 'no'):
            path = self.mount.usr('text-' + way)
            lib.write(path, b'one\ntwo\n')
            lib.run('vim', '-Nu', 'NONE', '-es', '-c', 'set backup backupskip= swapfile',
                    '-c', 'set backupcopy=' + way, '-c', '%s/two/2/', '-c', 'wq', path, stdin=subprocess.DEVNULL,
                    env=dict(os.environ, HOME=self.folder, TERM='dumb'))
            self.restart()
            self.assertEqual(lib.read(path), b'one\n2\n')
            self.assertEqual(lib.read(path + '~'), b'one\ntwo\n')

    @lib.needs('make')
    def test_make(self):
        """Goes by times: what was just made is not made again."""
        work = self.mount.usr('work')
        os.mkdir(work)
        lib.write(os.path.join(work, 'Makefile'),
                  b'all: out\nout: in\n\tcat in in > out\n')
        lib.write(os.path.join(work, 'in'), b'x')
        lib.run('make', '-C', work)
        self.assertEqual(lib.read(os.path.join(work, 'out')), b'xx')
        lib.run('make', '-q', '-C', work)
        lib.write(os.path.join(work, 'in'), b'y')
        lib.run('make', '-C', work)
        self.assertEqual(lib.read(os.path.join(work, 'out')), b'yy')

    @lib.needs('find')
    def test_find(self):
        lib.run('cp', '-r', self.source, self.copy)
        found = lib.run('find', self.copy, '-type', 'f', '-size', '0').stdout.split('\n')[:-1]
        empty = [name for name, data in lib.tree(self.source).items() if data == b'']
        self.assertEqual(sorted(found), sorted(os.path.join(self.copy, name) for name in empty))
        lib.run('find', self.copy, '-name', '*.txt', '-exec', 'mv', '{}', '{}.moved', ';')
        names = lib.run('find', self.copy, '-type', 'f').stdout.split('\n')[:-1]
        self.assertEqual(len(names), 60)
        self.assertTrue(all(name.endswith('.txt.moved') for name in names))
        lib.run('find', self.copy, '-delete')
        self.assertFalse(os.path.exists(self.copy))

    @lib.needs('zip', 'unzip')
    def test_zip(self):
        lib.run('cp', '-r', self.source, self.mount.usr('packed'))
        lib.run('zip', '-qr', 'packed.zip', 'packed', cwd=self.mount.usr())
        os.mkdir(self.copy)
        lib.run('unzip', '-q', self.mount.usr('packed.zip'), '-d', self.copy)
        self.assertEqual(lib.tree(os.path.join(self.copy, 'packed')), lib.tree(self.source))

    @lib.needs('dd')
    def test_dd(self):
        path = self.mount.usr('raw')
        lib.write(path, bytes(10000))
        lib.run('dd', 'if=/dev/zero', 'of=' + path, 'bs=4096', 'count=8', 'conv=fsync',
                'oflag=direct')
        lib.run('dd', 'if=' + self.mount.usr('main.py'), 'of=' + path, 'bs=7', 'seek=3',
                'conv=notrunc')
        main = self.files['main.py']
        self.restart()
        self.assertEqual(lib.read(path), bytes(21) + main + bytes(8 * 4096 - 21 - len(main)))

    def test_python(self):
        """Its own modules for files, which have ways of their own to write."""
        shutil.copytree(self.source, self.copy)
        shutil.move(self.copy, self.mount.usr('moved'))
        base = shutil.make_archive(self.mount.usr('archive'), 'zip', self.mount.usr('moved'))
        with zipfile.ZipFile(base, 'a') as archive:
            archive.writestr('added', b'late')
        os.mkdir(self.copy)
        with zipfile.ZipFile(base) as archive:
            self.assertIsNone(archive.testzip())
            archive.extractall(self.copy)
        self.assertEqual(lib.read(os.path.join(self.copy, 'added')), b'late')
        os.unlink(os.path.join(self.copy, 'added'))
        with tempfile.TemporaryDirectory(dir=self.mount.usr()) as folder, \
                tempfile.TemporaryFile(dir=folder) as nameless, \
                tempfile.NamedTemporaryFile(dir=folder) as named:
            nameless.write(b'x' * 5000)
            nameless.seek(0)
            self.assertEqual(nameless.read(), b'x' * 5000)
            self.assertEqual(os.listdir(folder), [os.path.basename(named.name)])
        self.assertEqual(sorted(os.listdir(self.mount.usr('moved'))),
                         sorted(os.listdir(self.source)))
        with tarfile.open(self.mount.usr('archive.tar.gz'), 'w:gz') as archive:
            archive.add(self.mount.usr('moved'), 'moved')
        with tarfile.open(self.mount.usr('archive.tar.gz')) as archive:
            self.assertEqual(len(archive.getnames()), len(lib.tree(self.source)) + 1)
        self.same()

    def sqlite(self, mode):
        path = self.mount.usr('app.db')
        base = sqlite3.connect(path, isolation_level=None)
        self.assertEqual(base.execute('pragma journal_mode=' + mode).fetchone()[0], mode)
        base.execute('create table t (id integer primary key, text)')
        for i in range(200):
            base.execute('begin')
            base.execute('insert into t (text) values (?)', ('line %d ' % i * 20,))
            base.execute('commit' if i % 10 else 'rollback')
        self.assertEqual(base.execute('select count(*) from t').fetchone()[0], 180)
        base.execute('vacuum')
        base.close()
        self.remount()
        base = sqlite3.connect(self.mount.usr('app.db'))
        self.assertEqual(base.execute('pragma integrity_check').fetchone()[0], 'ok')
        self.assertEqual(base.execute('select count(*) from t').fetchone()[0], 180)
        base.close()

    def test_sqlite_journal(self):
        self.sqlite('delete')

    def test_sqlite_wal(self):
        self.sqlite('wal')

    def tearDown(self):
        self.mount.close()
        self.check_image()


if __name__ == '__main__':
    lib.main()
