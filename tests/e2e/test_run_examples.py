#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The examples of the vendor's documents, as they stand there."""
import lib
import running

SECURE_DATA = r'''
import SecureData

databuf = '\x31\x32\x33\x34\x35\x36\x37\x38'
SecureData.Store(1, databuf, 8)

buf = bytearray(20)
lenth = SecureData.Read(1, buf, 20)
print(buf[:lenth])
'''


class Examples(running.RunTest):
    files = {'1.txt': b'{"volume": 5}\n', 'readme.txt': b'x'}
    protected = ['1.txt']

    def hash_of(self, data):
        lib.write(self.folder + '/file', data)
        return lib.run(lib.TWINFS, 'crc', self.folder + '/file').stdout.split()[0]

    def test_secure_data(self):
        self.assertEqual(self.run_it('-q', script=SECURE_DATA)[0], "bytearray(b'12345678')\n")

    def test_file_crc32(self):
        """A protected file is rewritten; the hash is shown, and the next boot keeps the file."""
        here = self.terminal()
        for line in ("file = open('/usr/1.txt', 'w')", "_ = file.write('new')", 'file.close()',
                     'import file_crc32'):
            here.until('>>> ')
            here.type(line + '\r')
        here.until('>>> ')
        here.type("file_crc32.calc('/usr/1.txt')\r")
        self.assertIn("\n'%s'\r\n" % self.hash_of(b'new'), here.until('>>> '))
        here.type('\x04')
        self.assertEqual(here.end()[0], 0)
        self.assertEqual(self.run_it('-q', script='print(open("/usr/1.txt").read())')[0], 'new\n')


if __name__ == '__main__':
    running.main()
