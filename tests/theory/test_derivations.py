"""Every record of an activation's smoothness, slope and symmetry agrees with its derivation from the expression."""

from fractions import Fraction

import pytest
from cases.theory_cases import ACTIVATION_NAMES

from lossproof.theory.derivations import smoothness as derivations
from lossproof.theory.functions.activations import activation_named

DERIVED = {
    "analytic": derivations.derive_analytic,
    "differentiable": derivations.derive_differentiable,
    "twice_differentiable": derivations.derive_twice_differentiable,
    "nonvanishing_derivative": derivations.derive_nonvanishing_derivative,
}


@pytest.mark.parametrize("field", DERIVED)
@pytest.mark.parametrize("name", ACTIVATION_NAMES)
def test_record_agrees_with_derivation(name: str, field: str) -> None:
    activation = activation_named(name)
    record, derived = getattr(activation, field), DERIVED[field](activation)
    assert record.holds is derived.holds
    assert record.argument
    assert derived.argument
    if record.holds:
        assert record.witness == derived.witness == ()


@pytest.mark.parametrize("name", ACTIVATION_NAMES)
def test_kinks_are_at_zero_and_named(name: str) -> None:
    activation = activation_named(name)
    for field in ("analytic", "differentiable", "twice_differentiable"):
        record = getattr(activation, field)
        assert record.holds or record.witness == DERIVED[field](activation).witness == (Fraction(0),)


@pytest.mark.parametrize("name", ACTIVATION_NAMES)
def test_witnesses_of_a_vanishing_derivative_are_witnesses(name: str) -> None:
    activation = activation_named(name)
    for record in (activation.nonvanishing_derivative, derivations.derive_nonvanishing_derivative(activation)):
        assert record.holds or derivations.is_witness_of_vanishing(activation, record.witness)


@pytest.mark.parametrize(
    ("name", "points"),
    [
        ("tanh", (0,)),
        ("gelu", (0,)),
        ("gelu", (1, 2)),
        ("relu", (1,)),
        ("relu", (-1, 1)),
        ("softsign", (0,)),
        ("sin", (0, 1)),
        ("power:2", (1,)),
    ],
)
def test_wrong_witnesses_are_no_witnesses(name: str, points: tuple[int, ...]) -> None:
    assert not derivations.is_witness_of_vanishing(activation_named(name), tuple(map(Fraction, points)))


@pytest.mark.parametrize("name", ACTIVATION_NAMES)
def test_reflection(name: str) -> None:
    activation = activation_named(name)
    assert derivations.derive_reflection(activation) == activation.reflection


def test_expected_classes() -> None:
    def holding(field: str) -> set[str]:
        return {name for name in ACTIVATION_NAMES if getattr(activation_named(name), field).holds}

    kinked = {"relu", "leaky-relu:1/100", "leaky-relu:1/3", "leaky-relu:99/100"}
    assert set(ACTIVATION_NAMES) - holding("differentiable") == kinked
    assert set(ACTIVATION_NAMES) - holding("twice_differentiable") == kinked | {"softsign", "elu"}
    assert holding("analytic") == holding("twice_differentiable")
    assert holding("nonvanishing_derivative") == {
        "sigmoid", "tanh", "softsign", "softplus", "bent-identity", "identity", "elu", "arctan", "erf", "power:1",
    }  # fmt: skip


def test_unknown_shapes_are_never_guessed() -> None:
    import sympy

    z = derivations.Z
    assert not derivations.is_analytic_on_reals(sympy.log(z))
    assert not derivations.is_analytic_on_reals(1 / z)
    assert not derivations.is_analytic_on_reals(sympy.sqrt(z))
    assert not derivations.is_analytic_on_reals(sympy.Abs(z))
    assert not derivations.is_analytic_on_reals(sympy.exp(1 / z))
    with pytest.raises(derivations.DerivationError, match="one expression for z < 0"):
        derivations.branches(sympy.Abs(z - 1))
