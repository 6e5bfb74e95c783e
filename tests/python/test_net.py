# SPDX-License-Identifier: MIT
"""What an application asks before it uses the net: checkNet, dataCall, sim."""
# run: network=0
# run: network=1
import checkNet
import dataCall
import sim
from _twinfs import settings
from bak.check import equal, fails, run, true

NONE = [0, 0, '0.0.0.0', '0.0.0.0', '0.0.0.0']
NONE_6 = [0, 0, '::', '::', '::']


def test_ready():
    wanted = (3, 1) if settings.network else (1, 0)
    equal(checkNet.waitNetworkReady(), wanted)
    equal(checkNet.waitNetworkReady(3600), wanted)
    check = checkNet.CheckNetwork('NAME', '1.0')
    check.poweron_print_once()
    equal(check.wait_network_connected(1), wanted)
    equal(checkNet.wait_network_connected(timeout_s=5), wanted)
    equal(check.POWERON_REASON, 3)
    fails(OSError, checkNet.wait_network_connected, 0)
    fails(OSError, checkNet.wait_network_connected, 3601)


def test_card():
    equal(sim.getStatus(), 1 if settings.network else 0)
    true('sim.getImsi' in str(fails(NotImplementedError, sim.getImsi)))


def test_connection():
    first = dataCall.getInfo(1, 0)
    equal(first[:2], (1, 0))
    equal(first[2][0], 1 if settings.network else 0)
    equal(first[2][2] == '0.0.0.0', not settings.network)
    equal(dataCall.getInfo(1, 1), (1, 1, NONE_6))
    equal(dataCall.getInfo(2, 0), (2, 0, NONE))
    equal(dataCall.getInfo(1, 2), (1, 2, first[2], NONE_6))
    for wrong in ((0, 0), (9, 0), (1, 3), (1, -1)):
        equal(dataCall.getInfo(*wrong), -1)
    equal(dataCall.setCallback(print), 0)
    fails(NotImplementedError, dataCall.start, 1, 0, '', '', '', 0)


run(globals())
