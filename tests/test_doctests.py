"""Every doctest of the library passes."""

import doctest
import importlib
import pkgutil

import pytest

import lossproof
import lossproof.certificates
import lossproof.numerics
import lossproof.theory

MODULES = sorted(
    f"{package.__name__}.{info.name}"
    for package in (lossproof.theory, lossproof.numerics, lossproof.certificates)
    for info in pkgutil.iter_modules(package.__path__)
)


def test_modules_were_found() -> None:
    assert len(MODULES) > 30


@pytest.mark.parametrize("name", MODULES)
def test_doctests(name: str) -> None:
    result = doctest.testmod(importlib.import_module(name))
    assert result.failed == 0
