# SPDX-License-Identifier: MIT
"""checkNet - whether the net can be used, which applications ask first of all.

With `twinfs run --network` it can; without, the module is one that has no SIM
card in it.
"""
import dataCall as _dataCall
import sim as _sim
import uos as _uos
from misc import Power as _Power

_SIM_STAGE = 1
_CALL_STAGE = 3


def waitNetworkReady(timeout: int = 60) -> tuple:
    """(3, 1): ready; (1, 0): there is no SIM card. Does not wait: neither changes.

    OSError: timeout is not in 1 to 3600 seconds.
    """
    if not 1 <= timeout <= 3600:
        raise OSError('timeout_s should be in [1, 3600]s!')
    status = _sim.getStatus()
    if not status:
        return _SIM_STAGE, status
    return _CALL_STAGE, _dataCall.getInfo(1, 0)[2][0]


def wait_network_connected(timeout_s: int = 60) -> tuple:
    """As waitNetworkReady(), of older firmware."""
    return waitNetworkReady(timeout_s)


class CheckNetwork:
    """CheckNetwork(PROJECT_NAME, PROJECT_VERSION), of older firmware."""

    def __init__(self, proj_name, proj_version):
        self.PROJECT_NAME = proj_name
        self.PROJECT_VERSION = proj_version
        self.FIRMWARE_VERSION = _uos.uname2().qpyver
        self.POWERON_REASON = _Power.powerOnReason()

    def poweron_print_once(self):
        """Prints what runs here and why it was started."""
        line = '=' * 50
        print(line)
        print('PROJECT_NAME     : %s' % self.PROJECT_NAME)
        print('PROJECT_VERSION  : %s' % self.PROJECT_VERSION)
        print('FIRMWARE_VERSION : %s' % self.FIRMWARE_VERSION)
        print('POWERON_REASON   : %s' % self.POWERON_REASON)
        print('SIM_CARD_STATUS  : %s' % _sim.getStatus())
        print(line)

    def wait_network_connected(self, timeout_s: int = 60) -> tuple:
        """As waitNetworkReady()."""
        return waitNetworkReady(timeout_s)
