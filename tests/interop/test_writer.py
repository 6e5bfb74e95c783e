#!/usr/bin/env python3
"""test_writer.py TEST_RANDOM SEQUENCES

Lets TEST_RANDOM write images with random operations, and reads each with the
independent reader of this folder: same tree, same bytes, no finding.
"""
import os
import subprocess
import sys
import tempfile


def main():
    program, sequences = sys.argv[1:]
    reader = os.path.join(os.path.dirname(os.path.abspath(__file__)), 'lfs1_reader.py')
    with tempfile.TemporaryDirectory(prefix='twinfs-writer-') as folder:
        subprocess.run([program, sequences, folder], check=True)
        images = len([name for name in os.listdir(folder) if name.endswith('.bin')])
        if images != int(sequences):
            print(f'{images} images, not {sequences}')
            return 1
        return subprocess.run([sys.executable, reader, '--batch', folder]).returncode


if __name__ == '__main__':
    sys.exit(main())
