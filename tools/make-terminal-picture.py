#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Makes docs/terminal.png: commands in a terminal, and what they print there, colours included.

usage: make-terminal-picture.py TWINFS DIR OUTPUT

TWINFS is the program, DIR an application, such as images/demo. The commands run in a terminal of
their own and a folder that goes away. Needs chromium, and a monospaced font.
"""
import fcntl
import html
import os
import pty
import re
import struct
import subprocess
import sys
import tempfile
import termios

COLUMNS = 96
SCALE = 8.43, 19  # pixels of a character, of a line
PREPARE = '''
twinfs mk -q app.img --user app --backup main.py --backup settings.json
echo '{"interval": 10}' > new; twinfs put --force app.img new usr/settings.json
'''
SHOWN = [
    'dd if=/dev/zero of=app.img bs=4096 seek=256 count=2 conv=notrunc status=none',
    'twinfs check app.img',
    'twinfs check --repair app.img',
    'twinfs history app.img usr/settings.json',
    'twinfs boot app.img',
]
# of ISO 6429: what twinfs uses
STYLES = {'0': '', '1': 'font-weight:bold', '2': 'opacity:.6', '31': 'color:#f47067',
          '32': 'color:#6bc46d', '33': 'color:#daaa3f', '34': 'color:#6cb6ff'}
PAGE = '''<!DOCTYPE html><meta charset="utf-8"><style>
body {{ margin: 0; background: #1c2128; color: #cdd9e5 }}
pre {{ margin: 12px 16px; font: 14px/19px "DejaVu Sans Mono", monospace }}
b {{ color: #6cb6ff }}
</style><pre>{}</pre>'''


def in_terminal(command, folder, environ):
    """What COMMAND prints when a terminal is where it prints it."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack('4H', 50, COLUMNS, 0, 0))
    with subprocess.Popen(command, shell=True, cwd=folder, env=environ, stdin=subprocess.DEVNULL,
                          stdout=theirs, stderr=theirs):
        os.close(theirs)
        said = b''
        try:
            while piece := os.read(ours, 65536):
                said += piece
        except OSError:  # the end, as Linux has it
            pass
    os.close(ours)
    return said.decode().replace('\r', '')


def to_html(text):
    parts, is_open = [], False
    for number, part in enumerate(re.split('\x1b\\[([0-9;]*)m', text)):
        if number % 2 == 0:
            parts.append(html.escape(part))
            continue
        style = ';'.join(STYLES[code or '0'] for code in part.split(';'))
        parts.append('</span>' * is_open + (f'<span style="{style}">' if style.strip(';') else ''))
        is_open = bool(style.strip(';'))
    return ''.join(parts)


def play(twinfs, app, folder):
    environ = {**os.environ, 'TERM': 'xterm', 'LC_ALL': 'C.UTF-8',
               'PATH': os.path.dirname(os.path.abspath(twinfs)) + ':' + os.environ['PATH']}
    environ.pop('NO_COLOR', None)
    os.symlink(os.path.abspath(app), os.path.join(folder, 'app'))
    subprocess.run(PREPARE, shell=True, cwd=folder, env=environ, check=True)
    shown = [(command, in_terminal(command, folder, environ)) for command in SHOWN]
    lines = sum(text.count('\n') + 1 for _, text in shown) + len(shown) - 1
    return '\n'.join(f'<b>$</b> {html.escape(command)}\n{to_html(text)}'
                     for command, text in shown), lines


def main():
    twinfs, app, output = sys.argv[1:]
    with tempfile.TemporaryDirectory() as folder:
        body, lines = play(twinfs, app, folder)
        page = os.path.join(folder, 'page.html')
        with open(page, 'w', encoding='utf-8') as file:
            file.write(PAGE.format(body))
        size = f'{round(COLUMNS * SCALE[0]) + 32},{lines * SCALE[1] + 24}'
        subprocess.run(['chromium', '--headless', '--no-sandbox', '--disable-gpu',
                        '--hide-scrollbars', '--disable-lcd-text',
                        f'--user-data-dir={folder}/browser',
                        f'--window-size={size}', f'--screenshot={os.path.abspath(output)}',
                        f'file://{page}'], check=True, stderr=subprocess.DEVNULL, timeout=120)


if __name__ == '__main__':
    main()
