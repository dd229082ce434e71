"""Every doctest of the library passes."""

import doctest
import importlib
import linecache
import pkgutil

import pytest

import lossproof
import lossproof.certificates
import lossproof.numerics
import lossproof.theory

MODULES = sorted(
    info.name
    for package in (lossproof.theory, lossproof.numerics, lossproof.certificates)
    for info in pkgutil.walk_packages(package.__path__, f"{package.__name__}.")
)


def test_modules_were_found() -> None:
    assert len(MODULES) > 250


@pytest.mark.parametrize("name", MODULES)
def test_doctests(name: str) -> None:
    linecache.clearcache()  # else each docstring looks again at every file whose lines were read before
    result = doctest.testmod(importlib.import_module(name))
    assert result.failed == 0
