# SPDX-License-Identifier: MIT
"""log, usys and example: what is printed, and where."""
import io
import sys

import example
import log
import usys
from bak.check import equal, fails, plant, run, true


class Stream(io.IOBase):
    """Keeps what is printed into it."""

    def __init__(self):
        self.text = ''

    def write(self, data):
        self.text += data if isinstance(data, str) else bytes(data).decode()
        return len(data)


def test_levels():
    equal([log.DEBUG, log.INFO, log.WARNING, log.ERROR, log.CRITICAL], [10, 20, 30, 40, 50])
    logger = log.getLogger('net')
    true(logger is log.getLogger('net'))
    true(logger.isEnabledFor(log.INFO) and not logger.isEnabledFor(log.DEBUG))
    log.basicConfig(level=log.ERROR)
    true(not logger.isEnabledFor(log.WARNING))
    logger.setLevel(log.DEBUG)
    true(logger.isEnabledFor(log.DEBUG))
    logger.setLevel(log.NOTSET)
    log.basicConfig()


def test_lines():
    stream = Stream()
    log.basicConfig(level=log.DEBUG, stream=stream)
    logger = log.getLogger('a')
    logger.debug('x')
    logger.info('n %d', 5)
    logger.warning('100%')
    logger.error('%s %s', 1, 2)
    logger.critical('end')
    logger.log(35, 'own')
    equal(stream.text, 'DEBUG:a:x\nINFO:a:n 5\nWARN:a:100%\nERROR:a:1 2\nCRIT:a:end\nLVL35:a:own\n')
    log.set_output(usys.stdout)
    log.basicConfig(level=log.INFO)
    fails(Exception, log.set_output, None)


def test_usys():
    true(usys.modules is sys.modules)
    true(usys.stdout is sys.stdout)
    try:
        usys.exit(3)
    except SystemExit as end:
        equal(end.args[0], 3)
    stream = Stream()
    try:
        [][1]
    except IndexError as failure:
        usys.print_exception(failure, stream)
    true('test_log.py' in stream.text and 'IndexError: ' in stream.text)


def test_example():
    plant('/usr/part.py', b'part_ran = __name__\n')
    example.exec('/usr/part.py')
    equal(part_ran, '__main__')
    plant('/usr/part.py', b'part_ran = 2\n1 / 0\npart_ran = 3\n')
    example.exec('usr/part.py')
    equal(part_ran, 2)
    failure = fails(OSError, example.exec, '/usr/none.py')
    true('/usr/none.py' in str(failure.args[0]))


run(globals())
