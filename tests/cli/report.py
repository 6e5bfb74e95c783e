# SPDX-License-Identifier: MIT
"""What the tests of twinfs report share: pages made of samples, and taken apart."""
import html.parser
import json
import os
import subprocess
import sys

import cli

SAMPLE = os.path.abspath(sys.argv[2]) if len(sys.argv) > 2 else 'report_sample'

# What no page may become longer than, in bytes.
PAGE_MAX = 2 << 20

# A file name of the hostile sample, as bytes and as a page shows it.
HOSTILE = ('/usr/</script><img src=x onerror=alert(1)>&quot;\'"\\xff\\x01'
           '\u202e]]>-->')

VOID = {'meta', 'br', 'img', 'link', 'input', 'hr'}


class Page(html.parser.HTMLParser):
    """Collects elements and their attributes; knows whether they are well nested."""

    def __init__(self, text):
        super().__init__(convert_charrefs=True)
        self.elements, self.open, self.faults, self.content = [], [], [], {}
        self.feed(text)
        self.close()
        self.faults += [f'<{tag}> is not closed' for tag, _ in self.open]

    def handle_starttag(self, tag, attrs):
        attributes = dict(attrs)
        if len(attributes) != len(attrs):
            self.faults.append(f'<{tag}> has an attribute twice')
        self.elements.append((tag, attributes))
        if tag not in VOID:
            self.open.append((tag, attributes))

    def handle_endtag(self, tag):
        if not self.open or self.open[-1][0] != tag:
            self.faults.append(f'</{tag}> closes nothing')
        else:
            self.open.pop()

    def handle_data(self, data):
        if self.open:
            tag, attributes = self.open[-1]
            key = attributes.get('id', tag)
            self.content[key] = self.content.get(key, '') + data

    def all(self, tag):
        return [attributes for name, attributes in self.elements if name == tag]

    def data(self):
        return json.loads(self.content['data'])


class ReportTest(cli.CliTest):
    def sample(self, kind, operations=600):
        """Writes KIND.trace and KIND.json, once."""
        if os.path.exists(self.path(kind + '.json')):
            return
        subprocess.run([SAMPLE, kind, str(operations), kind + '.trace', kind + '.json'],
                       cwd=self.folder, check=True, timeout=100)

    def page(self, kind, operations=600):
        """The page of a sample, as text; also in KIND.html."""
        self.sample(kind, operations)
        self.twinfs('report', kind + '.json', '-o', kind + '.html')
        return cli.read(self.path(kind + '.html')).decode()
