# SPDX-License-Identifier: MIT
"""Firmware packages for tests: made by Python's zipfile, or byte by byte where it would not."""
import io
import struct
import zipfile
import zlib

# What one listing of an ASR package has, beside the images; sizes are made up.
MEMBERS = {
    'apn.bin': b'apn ' * 500,
    'bootloader.ubi': bytes(range(256)) * 40,
    'system.img': b'the system, ' * 9000,
    'download.json': b'{"version": 1}\n',
    'updater.bin': b'',
}


def stamp(name, day=1):
    """The description of a member, with a time of its own."""
    return zipfile.ZipInfo(name, (2023, 5, day, 12, 30, 2 * day))


def asr(path, folder='', user=b'old user image', backup=b'old backup image', comment=b''):
    """An ASR package with members stored, deflated, with extra fields, comments, attributes."""
    with zipfile.ZipFile(path, 'w') as package:
        for day, (name, data) in enumerate(MEMBERS.items(), 1):
            info = stamp(folder + name, day)
            info.compress_type = zipfile.ZIP_STORED if day % 2 else zipfile.ZIP_DEFLATED
            info.external_attr = (0o100600 + day) << 16
            info.extra = struct.pack('<HHI', 0xcafe, 4, day) if day == 2 else b''
            info.comment = b'note' if day == 3 else b''
            package.writestr(info, data)
            if day == 2 and user is not None:
                info = stamp(folder + 'customer_fs.bin', 20)
                info.external_attr = 0o100640 << 16
                package.writestr(info, user, zipfile.ZIP_DEFLATED)
        if backup is not None:
            package.writestr(stamp(folder + 'customer_backup_fs.bin', 21), backup)
        package.comment = comment


def bundle(path, inner, platform='ASR1606', name='fw/inner.zip'):
    """A newer package: what the platform is, and its own package."""
    with zipfile.ZipFile(path, 'w', zipfile.ZIP_DEFLATED) as package:
        package.writestr(stamp('platform_config.json'), f'{{"platform": "{platform}"}}')
        package.writestr(stamp(name), inner)
        package.writestr(stamp('notes.txt'), 'carried along')


def images(path, user=None, backup=None, platform=None):
    """A zip archive with the images and nothing else but, maybe, a platform."""
    with zipfile.ZipFile(path, 'w', zipfile.ZIP_DEFLATED) as package:
        if platform:
            package.writestr(stamp('platform_config.json'), f'{{"platform": "{platform}"}}')
        if user is not None:
            package.writestr(stamp('customer_fs.bin'), user)
        if backup is not None:
            package.writestr(stamp('customer_backup_fs.bin'), backup)


def raw_members(path):
    """Name -> (bytes of header and data, record without its address), in the directory's order.

    Reads what has no descriptors and no zip64: what asr() makes.
    """
    with open(path, 'rb') as file:
        data = file.read()
    end = data.rindex(b'PK\5\6')
    count, _, at = struct.unpack('<HII', data[end + 10:end + 20])
    found = {}
    for _ in range(count):
        assert data[at:at + 4] == b'PK\1\2'
        packed, = struct.unpack('<I', data[at + 20:at + 24])
        name_len, extra, comment = struct.unpack('<HHH', data[at + 28:at + 34])
        start, = struct.unpack('<I', data[at + 42:at + 46])
        behind = at + 46 + name_len + extra + comment
        lens = struct.unpack('<HH', data[start + 26:start + 30])
        found[data[at + 46:at + 46 + name_len].decode()] = (
            data[start:start + 30 + sum(lens) + packed], data[at:at + 42] + data[at + 46:behind])
        at = behind
    return found


class Raw:
    """An archive written by hand: every field may lie."""

    def __init__(self):
        self.body, self.directory, self.count = b'', b'', 0

    def add(self, name, data=b'x', **lies):
        field = {'flags': 0, 'method': 0, 'crc': zlib.crc32(data), 'size': len(data),
                 'packed': data, 'made_by': 3 << 8 | 20, 'attributes': 0, 'addr': len(self.body)}
        field.update(lies)
        name = name if isinstance(name, bytes) else name.encode()
        common = struct.pack('<HHHHHIII', 20, field['flags'], field['method'], 0, 0x21,
                             field['crc'], len(field['packed']), field['size'])
        self.body += b'PK\3\4' + common + struct.pack('<HH', len(name), 0) + name
        self.body += field['packed']
        self.record(name, field, common)
        return self

    def record(self, name, field, common):
        self.directory += b'PK\1\2' + struct.pack('<H', field['made_by']) + common
        self.directory += struct.pack('<HHHHHII', len(name), 0, 0, 0, 0,
                                      field['attributes'] << 16, field['addr']) + name
        self.count += 1

    def bytes(self):
        return self.body + self.directory + b'PK\5\6' + struct.pack(
            '<HHHHIIH', 0, 0, self.count, self.count, len(self.directory), len(self.body), 0)


def deflate(data):
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    return packer.compress(data) + packer.flush()


def in_memory(make, *words, **more):
    """The bytes of what make(path, ...) writes."""
    file = io.BytesIO()
    make(file, *words, **more)
    return file.getvalue()
