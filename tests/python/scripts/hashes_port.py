# SPDX-License-Identifier: MIT
# file_crc32 as the published firmware has it: it changes nothing.
import file_crc32

table = entries(('/usr/1.txt', '0x2'))
user({'1.txt': b'a', 'checksum.json': table})
check('the hash', file_crc32.calc('/usr/1.txt'), '0xc54aae31')
check('the table', get('/usr/checksum.json'), table)
