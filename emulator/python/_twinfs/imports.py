# SPDX-License-Identifier: MIT
"""Imports on CPython: application modules through the device's paths, all else as ever.

sys.path is the device's. Where the interpreter's own library and the emulator's modules lie is
known to the finder alone.
"""
import importlib.machinery
import sys

from _twinfs import own, vfs

_DIRECTORY = 0x4000


def _kind(path):
    """The type bits of a path of the device, 0 when nothing is there."""
    try:
        return vfs.stat(path)[0]
    except OSError:
        return 0


class _Loader:
    """Loads one file of the device."""

    def __init__(self, path):
        self._path = path

    def create_module(self, spec):
        return None

    def exec_module(self, module):
        exec(compile(self._read(), self._path, 'exec', dont_inherit=True), module.__dict__)

    def get_source(self, name):
        """What tracebacks show lines of."""
        return self._read().decode(errors='replace')

    def _read(self):
        with vfs.open(self._path, 'rb') as file:
            return file.read()


class _OwnLoader(importlib.machinery.SourceFileLoader):
    def exec_module(self, module):
        super().exec_module(module)
        # osTimer and fota are their class, usys is sys.
        sys.modules[module.__name__] = getattr(module, module.__name__, module)


class _OwnFinder:
    """Finds modules of a folder before those of the same names that the interpreter has."""

    def __init__(self, names, folder):
        self._names = names
        self._folder = folder

    def find_spec(self, name, path=None, target=None):
        if path is not None or name not in self._names:
            return None
        file = '%s/%s.py' % (self._folder, name)
        spec = importlib.machinery.ModuleSpec(name, _OwnLoader(name, file), origin=file)
        spec.has_location = True
        return spec


class _Finder:
    def __init__(self, host_path):
        self._host_path = host_path
        self._packages = set()  # of the device

    def find_spec(self, name, path=None, target=None):
        parent, _, tail = name.rpartition('.')
        if path is None:
            return (self._search(name, tail, sys.path)
                    or importlib.machinery.PathFinder.find_spec(name, self._host_path))
        if parent in self._packages:
            return self._search(name, tail, path)
        return importlib.machinery.PathFinder.find_spec(name, path)

    def _search(self, name, tail, entries):
        for entry in entries:
            base = entry.rstrip('/') + '/' + tail if entry else tail
            if _kind(base) == _DIRECTORY:
                return self._package(name, base)
            if _kind(base + '.py'):
                return self._spec(name, base + '.py', None)
        return None

    def _package(self, name, base):
        self._packages.add(name)
        if _kind(base + '/__init__.py'):
            return self._spec(name, base + '/__init__.py', [base])
        spec = importlib.machinery.ModuleSpec(name, None, is_package=True)
        spec.submodule_search_locations = [base]
        return spec

    def _spec(self, name, path, locations):
        spec = importlib.machinery.ModuleSpec(name, _Loader(path), origin=path)
        spec.submodule_search_locations = locations
        spec.has_location = True
        return spec


def install(host_path, own_modules):
    """From now on, sys.path holds paths of the device; host_path is for all other modules.

    Its first folder has own_modules: they take the place of what the interpreter calls so, once
    they are imported.
    """
    for name in own_modules:
        if name in sys.modules:
            own.replaced[name] = sys.modules.pop(name)
    kept = [importlib.machinery.BuiltinImporter, importlib.machinery.FrozenImporter]
    sys.meta_path[:] = [_OwnFinder(own_modules, host_path[0])] + kept + [_Finder(host_path)]
    sys.path[:] = ['']
