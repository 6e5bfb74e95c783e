#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Real programs at work in usr/."""
import os
import random
import sqlite3

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
        self.remount()
        git('fsck', '--strict')
        self.assertEqual(git('status', '--porcelain'), '')

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
