# SPDX-License-Identifier: MIT
"""audio - sound, which is not emulated: making one of it raises NotImplementedError."""
from _twinfs.absent import absent as _absent

_lacks = _absent('audio', 'there is no hardware')
Audio = _lacks('Audio')
Record = _lacks('Record')
TTS = _lacks('TTS')
