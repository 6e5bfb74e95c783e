# SPDX-License-Identifier: MIT
"""machine - the pins and buses of the module, which are not emulated: using one raises."""
from _twinfs.absent import absent as _absent

_lacks = _absent('machine', 'there is no hardware')
ExtInt = _lacks('ExtInt')
I2C = _lacks('I2C')
I2C_simulation = _lacks('I2C_simulation')
KeyPad = _lacks('KeyPad')
LCD = _lacks('LCD')
NANDFLASH = _lacks('NANDFLASH')
Pin = _lacks('Pin')
RTC = _lacks('RTC')
SPI = _lacks('SPI')
Timer = _lacks('Timer')
UART = _lacks('UART')
WDT = _lacks('WDT')
