# The door: belongs to main.py of the same version.
VERSION = "1.0.0"


def describe(is_open):
    return "open" if is_open else "closed"
