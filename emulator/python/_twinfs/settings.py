# SPDX-License-Identifier: MIT
"""How this run is set up: what stood as KEY=VALUE in front of the script.

Everything has the value of a run without options until configure() was called.
"""

compat = ''                 # 'port': the vendor's code where it differs from its documents
network = False             # http and https reach the net
allow_backup_write = False  # a second mount of the backup partition can be written
on_reason = 3               # why the module is on, as misc.Power.powerOnReason tells it
down_reason = 3             # why it was off before that
modem = None                # (request, answer): descriptors to write to and to read from
script = None               # descriptor of the script, when it is no file of the module
interrupts = False          # Ctrl-C is to be listened to, though it is ignored at the start
profile = 'default'         # name of the module's profile
platform = ''               # the profile's platform key

_FLAGS = ('network', 'allow_backup_write', 'interrupts')
_NUMBERS = ('on_reason', 'down_reason', 'script')
_TEXTS = ('compat', 'profile', 'platform')


def configure(words):
    """Takes each KEY=VALUE of words; ValueError for a key that is not known."""
    here = globals()
    for word in words:
        key, equals, value = word.partition('=')
        if not equals:
            raise ValueError('%s is not KEY=VALUE' % word)
        if key in _FLAGS:
            here[key] = value == '1'
        elif key in _NUMBERS:
            here[key] = int(value)
        elif key in _TEXTS:
            here[key] = value
        elif key == 'modem':
            answer, request = value.split(',')
            here[key] = (int(request), int(answer))
        else:
            raise ValueError('there is no setting %s' % key)
