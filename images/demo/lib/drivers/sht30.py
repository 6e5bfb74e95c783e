# Sensirion SHT30 on the I2C bus: temperature in degrees Celsius, humidity in percent.
import utime
from machine import I2C

ADDRESS = 0x44
MEASURE = bytearray((0x2C, 0x06))


def crc8(data):
    crc = 0xFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = (crc << 1) ^ 0x31 if crc & 0x80 else crc << 1
        crc &= 0xFF
    return crc


class Sht30:
    def __init__(self, bus, calibration):
        self.i2c = I2C(bus, I2C.STANDARD_MODE)
        self.offset = 0.0
        self.gain = 1.0
        with open(calibration) as file:
            for line in file:
                key, value = line.strip().split(",")
                if key in ("offset", "gain"):
                    setattr(self, key, float(value))

    def read(self):
        self.i2c.write(ADDRESS, MEASURE, 2, bytearray(0), 0)
        utime.sleep_ms(15)
        data = bytearray(6)
        self.i2c.read(ADDRESS, bytearray(0), 0, data, 6, 0)
        if crc8(data[0:2]) != data[2] or crc8(data[3:5]) != data[5]:
            raise OSError(5)
        raw = data[0] << 8 | data[1]
        humidity = 100.0 * (data[3] << 8 | data[4]) / 65535
        return self.gain * (175.0 * raw / 65535 - 45.0) + self.offset, humidity
