"""Stand-ins for numpy, BLAS and LAPACK in the library's own names: memory that shows when it is read unwritten, and routines that overwrite nothing."""

from __future__ import annotations

import importlib
import pkgutil
import sys
from types import ModuleType

import numpy as np
from scipy.linalg import blas, lapack

import lossproof.certificates
import lossproof.numerics
import lossproof.theory

SIGNALLING = np.uint64(0x7FF4000000000001)
"""The bits of a double that sets the flag for invalid operations wherever it is used, and none where it is moved."""


class Unwritten:
    """An entry of an object array that was never written: whatever is done with it fails."""

    def _fail(self, *_args):
        raise AssertionError("an entry was read that was never written")

    __add__ = __radd__ = __sub__ = __rsub__ = __mul__ = __rmul__ = __truediv__ = __rtruediv__ = __pow__ = __neg__ = __abs__ = _fail
    __eq__ = __ne__ = __lt__ = __le__ = __gt__ = __ge__ = __bool__ = __int__ = __float__ = __index__ = __str__ = __getattr__ = _fail
    __hash__ = None


def poisoned(array):
    """Fill an array with what must not be read, and return it."""
    if array.dtype == object:
        array.fill(Unwritten())
    elif array.dtype in (np.float64, np.complex128):
        array.view(np.uint64).fill(SIGNALLING) if array.flags.c_contiguous else np.copyto(array.T.view(np.uint64), SIGNALLING)
    elif np.issubdtype(array.dtype, np.integer):
        array.fill(np.iinfo(array.dtype).max)
    return array


class PoisonedNumpy(ModuleType):
    """Numpy, except that new memory is poisoned, and that no invalid operation goes unseen."""

    def __getattr__(self, name):
        return getattr(np, name)

    @staticmethod
    def errstate(**options):
        return np.errstate(**{name: value for name, value in options.items() if name not in ("all", "invalid")})

    @staticmethod
    def empty(*args, **kwargs):
        return poisoned(np.empty(*args, **kwargs))

    @staticmethod
    def empty_like(*args, **kwargs):
        return poisoned(np.empty_like(*args, **kwargs))


def without_unused_triangle(name, result, options):
    """Fill the triangle that a routine leaves undefined with NaN."""
    if name in ("dpotrf", "dtrtri", "dpstrf", "dsyrk"):
        matrix = result[0] if isinstance(result, tuple) else result
        lower = options.get("lower", 0)
        matrix[np.triu_indices(len(matrix), 1) if lower else np.tril_indices(len(matrix), -1)] = np.nan
    return result


class CopyingRoutines(ModuleType):
    """BLAS or LAPACK, except that every array argument is copied first, and that a triangle which a routine need not fill is NaN in its result."""

    def __init__(self, routines):
        super().__init__(routines.__name__)
        self.routines = routines

    def __getattr__(self, name):
        routine = getattr(self.routines, name)

        def copying(*args, **options):
            copies = [arg.copy(order="K") if isinstance(arg, np.ndarray) else arg for arg in args]
            named = {key: value.copy(order="K") if isinstance(value, np.ndarray) else value for key, value in options.items()}
            return without_unused_triangle(name, routine(*copies, **named), options)

        return copying


def library_modules():
    """Return all modules of the library."""
    for package in (lossproof.theory, lossproof.numerics, lossproof.certificates):
        for info in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            importlib.import_module(info.name)
    return [module for name, module in sys.modules.items() if name.startswith("lossproof.")]


def replace_in_library(monkeypatch, original, stand_in):
    """Put a stand-in for a module wherever the library names it."""
    places = [(module, name) for module in library_modules() for name, value in vars(module).items() if value is original]
    assert places
    for module, name in places:
        monkeypatch.setattr(module, name, stand_in)


def poison_new_memory(monkeypatch):
    """Fill what ``np.empty`` and ``np.empty_like`` give the library with signalling NaN, or with objects that fail."""
    replace_in_library(monkeypatch, np, PoisonedNumpy("numpy"))


def copy_arguments_of_routines(monkeypatch):
    """Let no routine of BLAS or LAPACK that the library calls overwrite an argument, or leave anything in an unused triangle."""
    replace_in_library(monkeypatch, blas, CopyingRoutines(blas))
    replace_in_library(monkeypatch, lapack, CopyingRoutines(lapack))
