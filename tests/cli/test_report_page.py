# SPDX-License-Identifier: MIT
"""The page of twinfs report in a browser: it draws, in every light and width, and on paper."""
import re
import sys

import browser
import cli
import report

# The colours of an element against those behind it, as WCAG 2 has contrast.
CONTRAST = '''((selector) => {
    const parse = (text) => text.match(/[\\d.]+/g).map(Number);
    const light = ([r, g, b]) => [r, g, b].map((c) => c / 255)
        .map((c) => c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4)
        .reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0);
    const element = document.querySelector(selector);
    let behind = element;
    while (parse(getComputedStyle(behind).backgroundColor)[3] === 0)
        behind = behind.parentElement;
    const [a, b] = [getComputedStyle(element).color, getComputedStyle(behind).backgroundColor]
        .map((text) => light(parse(text)));
    return (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
})'''
OPEN_ALL = 'document.querySelectorAll("details").forEach((it) => { it.open = true; })'
MARKS = '[...document.querySelectorAll("#timeline-picture a.mark")]'


class InBrowser(report.ReportTest):
    @classmethod
    def setUpClass(cls):
        cls.browser = browser.Browser(browser.find())
        cls.addClassCleanup(cls.browser.close)

    def show(self, kind, width=1100, scheme='light', operations=600):
        self.page(kind, operations)
        self.browser.show(width, scheme=scheme)
        self.browser.open('file://' + self.path(kind + '.html'))

    def run_js(self, script):
        return self.browser.run(script)

    def is_content(self):
        """Nothing was complained about, and nothing asked for but the page."""
        self.assertEqual(self.browser.complaints, [])
        self.assertEqual(len(self.browser.requests), 1, self.browser.requests)

    def test_findings(self):
        self.show('findings')
        self.is_content()
        self.assertRegex(self.run_js('document.getElementById("verdict").textContent'),
                         '^4 findings, in 1,455 of ')
        links = self.run_js(MARKS + '.map((it) => it.getAttribute("href"))')
        self.assertEqual(sorted(set(links)), [f'#finding-{i}' for i in range(1, 5)])
        self.run_js(MARKS + '.find((it) => it.getAttribute("href") === "#finding-2")'
                    '.dispatchEvent(new MouseEvent("click", {bubbles: true}))')
        self.run_js('new Promise((done) => setTimeout(done, 100))')
        self.assertEqual(self.run_js(
            '[...document.querySelectorAll(".finding")].map((it) => it.open)'),
            [False, True, False, False])
        self.assertIn('twinfs explore app.img findings.trace --at 366/4:7',
                      self.run_js('document.getElementById("finding-2").textContent'))
        self.is_content()

    def test_marks_are_where_the_cuts_are(self):
        self.show('findings', operations=3000)
        box = '((it) => { const b = it.getBoundingClientRect(); return [b.left, b.width]; })'
        left, width = self.run_js(
            box + '(document.querySelector("#timeline-picture [role=slider]"))')
        found = self.run_js(MARKS + '.map((it) => [it.getAttribute("href"), '
                            + box + '(it.querySelector("path"))])')
        first = {}
        for href, (mark_left, mark_width) in found:
            first.setdefault(href, (mark_left + mark_width / 2 - left) / width)
        for number, share in ((1, .22), (2, .61), (3, .03), (4, .88)):
            self.assertAlmostEqual(first[f'#finding-{number}'], share, delta=.02)

    def test_clean(self):
        self.show('clean')
        self.is_content()
        self.assertEqual(self.run_js('document.getElementById("verdict").textContent'),
                         'Nothing found')
        self.assertEqual(self.run_js('document.querySelectorAll(".mark").length'), 0)
        self.assertEqual(self.run_js('document.querySelectorAll("#map figure").length'), 3)

    def test_map(self):
        self.show('findings')
        drawn = self.run_js('[...document.querySelectorAll("#map figure")].map((figure) => '
                            '[...figure.querySelectorAll(".empty, [class^=h]:not(.halo)")]'
                            '.map((it) => (it.getAttribute("d").match(/M/g) || []).length)'
                            '.reduce((a, b) => a + b, 0))')
        self.assertEqual(drawn, [1280, 50, 16])

    def test_hostile(self):
        self.show('hostile')
        self.run_js(OPEN_ALL)
        self.is_content()
        self.assertEqual(self.run_js('document.images.length'), 0)
        self.assertEqual(self.run_js('document.querySelectorAll("main b").length'), 0)
        self.assertIn(report.HOSTILE, self.run_js(
            'document.getElementById("finding-1").textContent'))
        self.assertIn('<b>bold</b>', self.run_js(
            'document.getElementById("timeline-tables").textContent'))

    def test_without_the_trace(self):
        self.sample('findings')
        self.twinfs('report', 'findings.json', '-o', 'a.html')
        text = cli.read(self.path('findings.json')).replace(b'findings.trace', b'gone.trace')
        cli.write_tree(self.folder, {'gone.json': text})
        self.twinfs('report', 'gone.json', '-o', 'gone.html')
        self.browser.open('file://' + self.path('gone.html'))
        self.is_content()
        self.assertEqual(self.run_js('document.getElementById("timeline").hidden'), True)
        self.assertEqual(self.run_js('document.getElementById("map").hidden'), True)
        self.assertEqual(self.run_js('document.querySelectorAll(".finding").length'), 4)

    def test_light_and_dark(self):
        grounds = []
        for scheme in ('light', 'dark'):
            self.show('findings', scheme=scheme)
            self.run_js(OPEN_ALL)
            self.is_content()
            grounds.append(self.run_js('getComputedStyle(document.body).backgroundColor'))
            for selector, least in (('#subject', 4.5), ('#verdict', 4.5), ('nav a', 4.5),
                                    ('.finding .count', 4.5), ('.finding .where', 4.5),
                                    ('.readout', 7), ('.facts dd', 7), ('.lead', 4.5),
                                    ('button[aria-pressed=true]', 7), ('.command code', 7)):
                self.assertGreaterEqual(self.run_js(f'{CONTRAST}("{selector}")'), least,
                                        (scheme, selector))
        self.assertEqual(grounds[0], 'rgb(255, 255, 255)')
        self.assertNotEqual(*grounds)

    def test_narrow(self):
        for kind in ('findings', 'hostile', 'many'):
            for width in (320, 390, 700):
                self.show(kind, width=width)
                self.run_js(OPEN_ALL)
                self.is_content()
                self.assertEqual(self.run_js('document.documentElement.scrollWidth'), width,
                                 (kind, width))

    def test_keyboard(self):
        self.show('findings')
        for section, name in (('timeline', 'Operation'), ('map', 'Block')):
            slider = f'document.querySelector("#{section} [role=slider]")'
            readout = f'document.getElementById("{section}-readout").textContent'
            self.run_js(slider + '.focus()')
            first = self.run_js(readout)
            self.browser.key('ArrowRight')
            second = self.run_js(readout)
            self.assertTrue(first.startswith(name) and second.startswith(name), (first, second))
            self.assertNotEqual(first, second)
            self.assertEqual(self.run_js(slider + '.getAttribute("aria-valuetext")'), second)
            self.browser.key('End')
            self.browser.key('ArrowRight')
            self.assertEqual(self.run_js(slider + '.getAttribute("aria-valuenow")'),
                             self.run_js(slider + '.getAttribute("aria-valuemax")'))
        # every link of the pictures can be reached by it, and says where it leads
        self.assertEqual(self.run_js(MARKS + '.filter((it) => it.tabIndex !== 0 || '
                                     '!it.getAttribute("aria-label").startsWith("Finding"))'
                                     '.length'), 0)

    def test_by_virtual_time(self):
        self.show('findings')
        drawn = 'document.querySelector("#timeline-picture svg").outerHTML'
        before = self.run_js(drawn)
        self.run_js('document.getElementById("by-time").click()')
        self.assertNotEqual(self.run_js(drawn), before)
        self.assertEqual(self.run_js('document.getElementById("by-time").ariaPressed'), 'true')
        self.run_js('document.getElementById("by-operation").click()')
        self.assertEqual(self.run_js(drawn), before)
        self.is_content()

    def test_tables_say_what_the_pictures_say(self):
        self.show('findings')
        data = report.Page(cli.read(self.path('findings.html')).decode()).data()
        tables = ('(id) => [...document.querySelectorAll(`#${id} table`)]'
                  '.map((it) => it.tBodies[0].rows.length)')
        owners, over_time = self.run_js(f'({tables})("timeline-tables")')
        self.assertEqual(owners, len(data['trace']['lanes']))
        self.assertTrue(10 < over_time <= 20, over_time)
        self.assertEqual(self.run_js(f'({tables})("map-table")'),
                         [min(24, len(data['trace']['cells']))])

    def test_paper(self):
        self.show('findings', scheme='dark')
        pdf = self.browser.pdf()
        self.assertTrue(pdf.startswith(b'%PDF-'))
        self.assertGreaterEqual(len(re.findall(rb'/Type\s*/Page\b', pdf)), 4)
        # after printing all that was folded is open, as it is on the paper
        self.assertEqual(self.run_js('document.querySelectorAll("details:not([open])").length'), 0)
        self.browser.call('Emulation.setEmulatedMedia', media='print', features=[
            {'name': 'prefers-color-scheme', 'value': 'dark'}])
        self.addCleanup(self.browser.call, 'Emulation.setEmulatedMedia', media='')
        self.assertEqual(self.run_js('getComputedStyle(document.documentElement)'
                                     '.getPropertyValue("--ground")'), '#ffffff')
        self.assertEqual(self.run_js('getComputedStyle(document.querySelector("nav")).display'),
                         'none')
        self.is_content()


if __name__ == '__main__':
    if not browser.find():
        print('skipped: there is no Chromium')
        sys.exit(77)
    cli.main()
