# Cold-chain logger: measures a refrigerated box and reports to a server.
import utime
import log
import checkNet
from misc import Power

from usr.lib.settings import Settings
from usr.lib.cloud import Cloud
from usr.lib.journal import Journal
from usr.lib.drivers.sht30 import Sht30

PROJECT_NAME = "QUEC_COLDCHAIN"
PROJECT_VERSION = "1.2.0"

log.basicConfig(level=log.INFO)
main_log = log.getLogger("main")


def measure(sensor, settings, journal):
    temperature, humidity = sensor.read()
    sample = {"time": utime.time(), "t": temperature, "h": humidity}
    sample["alarm"] = not settings["low"] <= temperature <= settings["high"]
    journal.append(sample)
    return sample


def run():
    settings = Settings("/usr/settings.json")
    journal = Journal("/usr/data/journal.txt", settings["journal_lines"])
    sensor = Sht30(settings["i2c"], "/usr/data/calibration.csv")
    cloud = Cloud(settings)
    failures = 0
    while True:
        sample = measure(sensor, settings, journal)
        if cloud.publish(sample):
            failures = 0
        else:
            failures += 1
            main_log.warning("not sent, %d in a row" % failures)
        if failures >= settings["restart_after"]:
            Power.powerRestart()
        utime.sleep(settings["interval"])


if __name__ == "__main__":
    checknet = checkNet.CheckNetwork(PROJECT_NAME, PROJECT_VERSION)
    checknet.poweron_print_once()
    stage, state = checknet.wait_network_connected(60)
    if (stage, state) == (3, 1):
        run()
    else:
        main_log.error("no network: stage %d, state %d" % (stage, state))
