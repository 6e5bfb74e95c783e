# SPDX-License-Identifier: MIT
"""The interpreter's own module behind the one of ours that has its name.

MicroPython finds the built-in module by the name with a u in front, whatever the
folders hold, and some by their plain name; but not while sys.modules has ours.
On CPython ours stand in front of the library's, whose other parts import them
too: they must find all they need there, see overlay().
"""
import sys

_PLAIN = ('_thread', 'deflate', 'gc', 'sys')  # what MicroPython has without a u
_NOWHERE = '/.nowhere'  # a folder to search in vain
native_import = __import__
_is_micropython = sys.implementation.name == 'micropython'

replaced = {}  # on CPython: what sys.modules had when ours were loaded


def own(name):
    """The interpreter's own module called `name` (without the u), or None."""
    return _built_in(name) if _is_micropython else _in_library(name)


def _built_in(name):
    full = name if name in _PLAIN else 'u' + name
    ours = sys.modules.pop(full, None)
    path = sys.path[:]
    sys.path[:] = [_NOWHERE]
    try:
        return native_import(full)
    except ImportError:
        return None
    finally:
        sys.path[:] = path
        sys.modules.pop(full, None)
        if ours is not None:
            sys.modules[full] = ours


def _in_library(name):
    # what util has is this, and more modules of the library, which would import ours again
    from importlib import _bootstrap, machinery
    import os

    if name in replaced:
        return replaced[name]
    ours = __file__[:__file__.rindex('/_twinfs/') + 1]
    loaded = sys.modules.get(name)
    if loaded is not None and not str(getattr(loaded, '__file__', '')).startswith(ours):
        return loaded
    if name in sys.builtin_module_names:
        spec = machinery.BuiltinImporter.find_spec(name)
    else:
        library = os.path.dirname(os.__file__)
        spec = machinery.PathFinder.find_spec(name, [library, library + '/lib-dynload'])
    if spec is None:
        return None
    module = _bootstrap.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def overlay(name, namespace):
    """Fills a module's namespace with all that the interpreter's own module has.

    What the module defines behind the call takes the place of the same name.
    False: the interpreter has no such module.
    """
    module = own(name)
    if module is None:
        return False
    for attribute in dir(module):
        if not attribute.startswith('__'):
            namespace[attribute] = getattr(module, attribute)
    return True
