# SPDX-License-Identifier: MIT
"""misc - power, and the lock of the REPL; the rest has to do with hardware and raises.

    from misc import Power
    Power.powerRestart()
"""
import utime as _utime

from _twinfs import control as _control
from _twinfs import settings as _settings
from _twinfs.absent import absent as _absent


def _wait_for_the_end():
    # twinfs run ends the interpreter as soon as the power has gone.
    while True:
        _utime.sleep(1)


class Power:
    """The module's power. All is called without an object: Power.getVbatt()"""

    @staticmethod
    def powerRestart() -> None:
        """Starts the module anew. Does not return, and closes no file."""
        _control.write('power', 'restart')
        _wait_for_the_end()

    @staticmethod
    def powerDown() -> None:
        """Turns the module off. Does not return, and closes no file."""
        _control.write('power', 'off')
        _wait_for_the_end()

    @staticmethod
    def powerOnReason() -> int:
        """Why the module is on: 1 power key, 2 reset, 3 supply, 5 watchdog or abnormal; 0 unknown.

        A first start and one after a power cut have 3, one after powerRestart() 2,
        one after powerDown() 1.
        """
        return _settings.on_reason

    @staticmethod
    def powerDownReason() -> int:
        """Why the module was off: 1 as it should be, 3 the supply fell; 0 unknown."""
        return _settings.down_reason

    @staticmethod
    def getVbatt() -> int:
        """The voltage of the supply in mV: less during a brown-out."""
        return int(_control.read('supply'))


# EC200U and EC600U have the platform Unisoc, the BC25 RDA.
if _settings.platform.upper()[:3] in ('UNI', 'RDA'):
    Power.powerDownReason = _absent('misc', 'this platform does not tell')('Power.powerDownReason')


def replEnable(flag: int, password=None) -> int:
    """1: the REPL is open to all; 0: it is locked. Returns 0; -1 when flag is neither.

    The REPL of twinfs is the developer's own, and never locked.
    """
    return 0 if flag in (0, 1) else -1


_lacks = _absent('misc', 'there is no hardware')
ADC = _lacks('ADC')
PWM = _lacks('PWM')
PowerKey = _lacks('PowerKey')
Temperature = _lacks('Temperature')
USB = _lacks('USB')
USBNET = _lacks('USBNET')
antennaSecRXOffCtrl = _lacks('antennaSecRXOffCtrl')
