#!/usr/bin/env python3
"""test_writer.py TEST_RANDOM SEQUENCES

Lets TEST_RANDOM write images with random operations, and reads each with the
independent reader of its format: same tree, same bytes, no finding.
"""
import json
import os
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))


def sort_by_format(folder):
    """Moves NNNN.bin and NNNN.json to a folder for each format; returns {format: images}."""
    counts = {}
    for name in sorted(os.listdir(folder)):
        stem, end = os.path.splitext(name)
        if end != '.json':
            continue
        with open(os.path.join(folder, name), encoding='utf-8') as file:
            version = json.load(file)['format']
        counts[version] = counts.get(version, 0) + 1
        os.makedirs(os.path.join(folder, str(version)), exist_ok=True)
        for part in (name, stem + '.bin'):
            os.rename(os.path.join(folder, part), os.path.join(folder, str(version), part))
    return counts


def main():
    program, sequences = sys.argv[1:]
    with tempfile.TemporaryDirectory(prefix='twinfs-writer-') as folder:
        subprocess.run([program, sequences, folder], check=True)
        counts = sort_by_format(folder)
        if sum(counts.values()) != int(sequences):
            print(f'{counts} images of the formats, not {sequences}')
            return 1
        status = 0
        for version in sorted(counts):
            print(f'version {version}:', flush=True)
            reader = os.path.join(HERE, f'lfs{version}_reader.py')
            done = subprocess.run([sys.executable, reader, '--batch',
                                   os.path.join(folder, str(version))])
            status = max(status, done.returncode)
        return status


if __name__ == '__main__':
    sys.exit(main())
