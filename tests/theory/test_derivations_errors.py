"""Every record of an error agrees with its derivation from the expression."""

from fractions import Fraction

import pytest
from cases.theory_cases import ERROR_NAMES

from lossproof.theory.derivations import errors as derivations_errors
from lossproof.theory.exceptions import InputError
from lossproof.theory.functions.errors import error_named

DERIVED = {
    "principle_error": derivations_errors.derive_principle_error,
    "principle_morse": derivations_errors.derive_principle_morse,
    "convex": derivations_errors.derive_convex,
}


@pytest.mark.parametrize("field", DERIVED)
@pytest.mark.parametrize("name", ERROR_NAMES)
def test_record_agrees_with_derivation(name: str, field: str) -> None:
    error = error_named(name)
    record, derived = getattr(error, field), DERIVED[field](error)
    assert record.holds is derived.holds
    assert record.argument
    assert derived.argument


@pytest.mark.parametrize("name", ERROR_NAMES)
def test_witness_against_convexity_is_one(name: str) -> None:
    error = error_named(name)
    assert bool(error.convex.witness) is not error.convex.holds
    for residual in error.convex.witness:
        assert derivations_errors.has_negative_curvature(error, residual)


@pytest.mark.parametrize("beta", ["1/1000", "1/3", "1", "17/5", "1000"])
@pytest.mark.parametrize("family", ["cauchy", "blake-zisserman"])
def test_robust_errors_are_convex_near_zero_only(family: str, beta: str) -> None:
    error = error_named(f"{family}:{beta}")
    assert not error.convex.holds
    assert not derivations_errors.has_negative_curvature(error, Fraction(0))
    assert derivations_errors.has_negative_curvature(error, error.convex.witness[0])


def test_expected_classes() -> None:
    assert {name.partition(":")[0] for name in ERROR_NAMES if not error_named(name).convex.holds} == {"cauchy", "blake-zisserman"}
    assert [name for name in ERROR_NAMES if not error_named(name).principle_morse.holds] == ["softmax"]
    assert all(error_named(name).principle_error.holds for name in ERROR_NAMES)


@pytest.mark.parametrize("outputs", [2, 3])
def test_softmax_identity(outputs: int) -> None:
    assert derivations_errors.softmax_residuals(outputs) == [0] * (outputs + 1)


def test_softmax_has_no_expression_of_one_output() -> None:
    with pytest.raises(InputError, match="sum over outputs"):
        _ = error_named("softmax").expression
