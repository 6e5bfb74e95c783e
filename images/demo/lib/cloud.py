# Publishes samples over MQTT; the device's name and key come from SecureData.
import ujson
import SecureData
from umqtt import MQTTClient

SLOT_NAME = 1
SLOT_KEY = 9


def secret(slot, size):
    buffer = bytearray(size)
    length = SecureData.Read(slot, buffer, size)
    return bytes(buffer[:length]) if length > 0 else b""


class Cloud:
    def __init__(self, settings):
        self.topic = settings["topic"]
        self.name = secret(SLOT_NAME, 52).decode()
        self.client = MQTTClient(self.name, settings["server"], settings["port"],
                                 user=self.name, password=secret(SLOT_KEY, 100), keepalive=300)
        self.connected = False

    def publish(self, sample):
        try:
            if not self.connected:
                self.client.connect()
                self.connected = True
            self.client.publish("%s/%s" % (self.topic, self.name), ujson.dumps(sample))
            return True
        except Exception:
            self.connected = False
            return False
