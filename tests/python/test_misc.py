# SPDX-License-Identifier: MIT
"""misc: power and the REPL's lock."""
# skip: mount its control files are the mount's own there
# run: on_reason=3 down_reason=3
# run: on_reason=2 down_reason=0
# run: on_reason=1 down_reason=1 platform=unisoc8910
import misc
from _twinfs import control, host, settings
from bak.check import equal, fails, plant, run, true
from misc import Power


class Ended(Exception):
    """Stands for the end of the interpreter, which no test survives."""


def end():
    raise Ended


misc._wait_for_the_end = end
host.mkdir('/.twinfs')
plant('/.twinfs/supply', b'3800')
plant('/.twinfs/power', b'')


def test_reasons():
    equal(Power.powerOnReason(), settings.on_reason)
    if settings.platform:
        failure = fails(NotImplementedError, Power.powerDownReason)
        true('misc.Power.powerDownReason' in str(failure))
    else:
        equal(Power.powerDownReason(), settings.down_reason)


def test_supply():
    equal(Power.getVbatt(), 3800)


def test_the_end():
    fails(Ended, Power.powerRestart)
    equal(control.read('power'), b'restart')
    plant('/.twinfs/power', b'')
    fails(Ended, Power.powerDown)
    equal(control.read('power'), b'off')


def test_repl():
    equal(misc.replEnable(0), 0)
    equal(misc.replEnable(1, password='x'), 0)
    equal(misc.replEnable(2), -1)


run(globals())
