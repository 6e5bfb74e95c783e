# SPDX-License-Identifier: MIT
"""twinfs put and rm: all or nothing, never the backup partition unasked."""
import fcntl
import os

import cli


class Change(cli.CliTest):
    def setUp(self):
        super().setUp()
        self.make_image()

    def tree(self, path='usr', image='app.img'):
        """The partition as a tree, without checksum.json."""
        where = self.path('tree')
        self.twinfs('get', '--force', image, path, where)
        tree = cli.read_tree(where)
        for top, dirs, files in os.walk(where, topdown=False):
            for name in files:
                os.unlink(os.path.join(top, name))
            for name in dirs:
                os.rmdir(os.path.join(top, name))
        os.rmdir(where)
        tree.pop('checksum.json', None)
        return tree

    def test_put_file(self):
        cli.write_tree(self.folder, {'new.py': b'new'})
        self.assertEqual(self.twinfs('put', 'app.img', 'new.py'), (b'', ''))
        self.twinfs('put', 'app.img', 'new.py', 'usr/lib')
        self.twinfs('put', 'app.img', 'new.py', 'usr/lib/other.py')
        self.assertEqual(self.tree(), {**cli.APP, 'new.py': b'new', 'lib/new.py': b'new',
                                       'lib/other.py': b'new'})
        self.twinfs('check', 'app.img')

    def test_put_tree(self):
        tree = {'a': b'1', 'd': None, 'd/big': bytes(range(256)) * 400, 'd/e': None, '.hidden': b''}
        cli.write_tree(self.path('more'), tree)
        self.twinfs('put', 'app.img', 'more', 'usr/lib')
        self.twinfs('put', 'app.img', 'more/.', 'usr')
        want = {**cli.APP, **tree, 'lib/more': None}
        want.update({'lib/more/' + path: data for path, data in tree.items()})
        self.assertEqual(self.tree(), want)
        self.twinfs('check', 'app.img')

    def test_parents(self):
        cli.write_tree(self.folder, {'new.py': b'new'})
        with self.unchanged('app.img'):
            self.fails('put', 'app.img', 'new.py', 'usr/x/y.py', saying="'/usr/x/y.py': its directory does not exist; -p makes it")
            self.fails('put', 'app.img', 'new.py', 'usr/x/', saying="'/usr/x': no such")
        self.twinfs('put', '-p', 'app.img', 'new.py', 'usr/x/y.py')
        self.twinfs('put', '-p', 'app.img', 'new.py', 'usr/z/')
        self.assertEqual(self.tree(), {**cli.APP, 'x': None, 'x/y.py': b'new', 'z': None,
                                       'z/new.py': b'new'})

    def test_force(self):
        cli.write_tree(self.folder, {'main.py': b'shorter'})
        with self.unchanged('app.img'):
            self.fails('put', 'app.img', 'main.py', saying="'/usr/main.py': exists; --force")
            self.fails('put', '--force', 'app.img', 'main.py', 'usr/main.py/x', saying='directory')
        self.twinfs('put', '--force', 'app.img', 'main.py')
        self.assertEqual(self.tree(), {**cli.APP, 'main.py': b'shorter'})

    def test_put_is_all_or_nothing(self):
        cli.write_tree(self.path('more'), {'a': b'1', 'huge': bytes(6 << 20)})
        with self.unchanged('app.img'):
            self.fails('put', 'app.img', 'more', saying="'/usr/more/huge': no space left")
        os.unlink(self.path('more/huge'))
        os.symlink('a', self.path('more/link'))
        with self.unchanged('app.img'):
            self.fails('put', 'app.img', 'more', saying='more/link: a symbolic link')
        os.unlink(self.path('more/link'))
        os.mkfifo(self.path('more/pipe'))
        with self.unchanged('app.img'):
            self.fails('put', 'app.img', 'more', saying='more/pipe: neither')
            self.fails('put', 'app.img', 'nix', saying='twinfs put: nix: no such file')

    def test_dry_run(self):
        cli.write_tree(self.path('more'), {'a': b'1', 'd': None})
        with self.unchanged('app.img'):
            out = self.twinfs('put', '--dry-run', 'app.img', 'more')[0]
            self.assertEqual(out, b'put /usr/more/\nput /usr/more/a\nput /usr/more/d/\n')
            out = self.twinfs('rm', '-rn', 'app.img', 'usr/lib/deep')[0]
            self.assertEqual(out, b'removed /usr/lib/deep/data.bin\nremoved /usr/lib/deep\n')
        self.assertEqual(self.twinfs('put', '-v', 'app.img', 'more/a')[0], b'put /usr/a\n')

    def test_rm(self):
        self.assertEqual(self.twinfs('rm', 'app.img', 'usr/main.py', '/usr/empty.txt'), (b'', ''))
        self.twinfs('rm', '-r', 'app.img', 'usr/lib')
        want = {path: data for path, data in cli.APP.items()
                if path not in ('main.py', 'empty.txt') and not path.startswith('lib')}
        self.assertEqual(self.tree(), want)
        self.twinfs('check', 'app.img')

    def test_rm_is_all_or_nothing(self):
        with self.unchanged('app.img'):
            self.fails('rm', 'app.img', 'usr/main.py', 'usr/nix', saying="'/usr/nix': no such file")
            self.fails('rm', 'app.img', 'usr/main.py', 'usr/lib', saying='is a directory; -r')
            self.fails('rm', 'app.img', 'usr/main.py', 'usr/log', saying='is a directory; -r')
            self.fails('rm', '-r', 'app.img', 'usr', saying='the root of a partition')
            self.fails('rm', '-r', 'app.img', '/', saying='two partitions')

    def test_backup_is_protected(self):
        cli.write_tree(self.folder, {'new.py': b'new'})
        with self.unchanged('app.img'):
            self.fails('put', 'app.img', 'new.py', 'bak/usr', saying='--allow-backup-write')
            self.fails('put', '--part', 'backup', 'app.img', 'new.py', saying='backup partition')
            self.fails('rm', 'app.img', 'bak/usr/main.py', saying='--allow-backup-write')
            self.fails('rm', 'app.img', 'usr/../bak/usr/main.py', saying='--allow-backup-write')
        self.twinfs('put', '--allow-backup-write', 'app.img', 'new.py', 'bak/usr')
        self.twinfs('rm', '--allow-backup-write', '--part', 'backup', 'app.img', 'usr/main.py')
        self.assertEqual(set(self.tree('bak')), {'backup_restore.json', 'usr', 'usr/new.py',
                                                 'usr/lib', 'usr/lib/driver.py'})
        self.assertEqual(self.tree(), cli.APP)

    def test_only_the_backup_file(self):
        self.make_pair()
        backup = ('--backup', 'pair/customer_backup_fs.bin')
        self.fails('rm', *backup, 'usr/main.py', saying='--allow-backup-write')
        self.twinfs('rm', '--allow-backup-write', *backup, 'usr/main.py')
        self.fails('cat', *backup, 'usr/main.py', saying='no such file')

    def test_loose_file(self):
        self.make_pair()
        cli.write_tree(self.folder, {'new.py': b'new'})
        self.twinfs('put', 'pair/customer_fs.bin', 'new.py')
        self.twinfs('put', '--user', 'pair/customer_fs.bin', 'new.py', '/lib')
        self.twinfs('rm', 'pair/customer_fs.bin', '/main.py')
        want = {**cli.APP, 'new.py': b'new', 'lib/new.py': b'new'}
        del want['main.py']
        self.assertEqual(self.tree('/', 'pair/customer_fs.bin'), want)

    def test_locked_image(self):
        with open(self.path('app.img'), 'r+b') as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            with self.unchanged('app.img'):
                self.fails('rm', 'app.img', 'usr/main.py', saying='app.img')
            self.twinfs('ls', 'app.img')


if __name__ == '__main__':
    cli.main()
