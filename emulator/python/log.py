# SPDX-License-Identifier: MIT
"""log - leveled messages, `INFO:name:message`, on stderr or where basicConfig() says.

    import log
    log.basicConfig(level=log.DEBUG)
    logger = log.getLogger('net')
    logger.warning('weak signal: %d', 3)
"""
import usys as _usys

CRITICAL = 50
ERROR = 40
WARNING = 30
INFO = 20
DEBUG = 10
NOTSET = 0

_NAMES = {CRITICAL: 'CRIT', ERROR: 'ERROR', WARNING: 'WARN', INFO: 'INFO', DEBUG: 'DEBUG'}


class _Settings:
    level = INFO
    stream = _usys.stderr


_loggers = {}


class Logger:
    """What getLogger() returns."""

    level = NOTSET

    def __init__(self, name):
        self.name = name

    def setLevel(self, level: int) -> None:
        """The least level of this logger; NOTSET: that of basicConfig()."""
        self.level = level

    def isEnabledFor(self, level: int) -> bool:
        """Whether a message of that level is shown."""
        return level >= (self.level or _Settings.level)

    def log(self, level, msg, *args):
        """A message: msg % args."""
        if self.isEnabledFor(level):
            name = _NAMES.get(level) or 'LVL%s' % level
            print('%s:%s:%s' % (name, self.name, msg % args if args else msg),
                  file=_Settings.stream)

    def debug(self, msg, *args):
        """A message of level DEBUG."""
        self.log(DEBUG, msg, *args)

    def info(self, msg, *args):
        """A message of level INFO."""
        self.log(INFO, msg, *args)

    def warning(self, msg, *args):
        """A message of level WARNING."""
        self.log(WARNING, msg, *args)

    def error(self, msg, *args):
        """A message of level ERROR."""
        self.log(ERROR, msg, *args)

    def critical(self, msg, *args):
        """A message of level CRITICAL."""
        self.log(CRITICAL, msg, *args)


def getLogger(name: str = 'root') -> Logger:
    """The logger of that name, always the same one."""
    if name not in _loggers:
        _loggers[name] = Logger(name)
    return _loggers[name]


def basicConfig(level=INFO, filename=None, stream=None, format=None):
    """The least level that is shown, and where. A file or a format is not supported."""
    _Settings.level = level
    if stream:
        _Settings.stream = stream
    if filename is not None:
        print('log.basicConfig: filename is not supported')
    if format is not None:
        print('log.basicConfig: format is not supported')


def set_output(out):
    """Where messages go: usys.stdout or usys.stderr; the serial ports are not emulated."""
    if out is not _usys.stdout and out is not _usys.stderr:
        raise Exception('%s must extend UART' % out)
    _Settings.stream = out
