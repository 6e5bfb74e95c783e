# SPDX-License-Identifier: MIT
"""What is not emulated says so when it is used, and names itself."""


def missing(module, name, reason):
    """Raises NotImplementedError for module.name; reason says why it is not emulated."""
    raise NotImplementedError('%s.%s is not emulated: %s' % (module, name, reason))
