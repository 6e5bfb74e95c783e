# SPDX-License-Identifier: MIT
"""twinfs crc: the device's hash, on the published values."""
import cli

# Content -> the text that a device writes.
KNOWN = (
    (b'a', '0xc54aae31'),
    (b'123456789', '0xd202d277'),
    (b'12345678', '0x3dfa39'),
    (b'hello world', '0x99325f96'),
    (b'\xff', '0xd2fd1072'),
    (b'261', '0xd25f4e'),
    (bytes(1), '0xffffffff'),
    (bytes(4097), '0xffffffff'),
    (bytes(i % 256 for i in range(10000)), '0x633bf12d'),
    (b'', 'none'),
)


class Crc(cli.CliTest):
    def test_known_values(self):
        names = [f'f{i}' for i in range(len(KNOWN))]
        cli.write_tree(self.folder, {name: known[0] for name, known in zip(names, KNOWN)})
        lines = self.twinfs('crc', *names)[0].decode().splitlines()
        self.assertEqual([line.split() for line in lines],
                         [[known[1], name] for name, known in zip(names, KNOWN)])
        files = self.json('crc', '--json', *names)['files']
        for file, name, (data, text) in zip(files, names, KNOWN):
            want = {'file': name, 'size': len(data), 'device_crc': text if data else None}
            self.assertEqual(file, want)

    def test_stdin(self):
        self.assertEqual(self.twinfs('crc', '-', stdin=b'a')[0], b'0xc54aae31  -\n')

    def test_the_rest_is_still_hashed(self):
        cli.write_tree(self.folder, {'a': b'a', 'd': None})
        out, err = self.twinfs('crc', 'nix', 'd', 'a', status=cli.FAILED)
        self.assertEqual(out, b'0xc54aae31  a\n')
        self.assertEqual(err.splitlines(), ['twinfs crc: nix: no such file or directory',
                                            'twinfs crc: d: is a directory'])


if __name__ == '__main__':
    cli.main()
