# SPDX-License-Identifier: MIT
"""umqtt - MQTT, which is not emulated: making a client raises NotImplementedError."""
from _twinfs.absent import absent as _absent

_lacks = _absent('umqtt', 'of the net only request and app_fota are emulated')
MQTTClient = _lacks('MQTTClient')
