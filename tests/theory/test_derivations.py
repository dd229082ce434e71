"""Every record of an activation's smoothness, slope and symmetry agrees with its derivation from the expression."""

from fractions import Fraction
from functools import cache

import pytest
from cases.theory_cases import ACTIVATION_NAMES

from lossproof.theory.derivations import forms, growth, pieces, slopes
from lossproof.theory.derivations import smoothness as derivations
from lossproof.theory.functions.activations import activation_named
from lossproof.theory.functions.forms import AffinePiece, Logistic

SWISH = {name for name in ACTIVATION_NAMES if name.startswith("swish")}
DERIVED = {
    "analytic": cache(derivations.derive_analytic),
    "differentiable": cache(derivations.derive_differentiable),
    "twice_differentiable": cache(derivations.derive_twice_differentiable),
    "nonvanishing_derivative": cache(derivations.derive_nonvanishing_derivative),
    "increasing": cache(growth.derive_increasing),
    "tame": cache(growth.derive_tame),
    "convex_inverse_slope": cache(slopes.derive_convex_inverse_slope),
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
def test_kinks_are_all_named(name: str) -> None:
    activation = activation_named(name)
    for field in ("analytic", "differentiable", "twice_differentiable"):
        record = getattr(activation, field)
        assert record.witness == DERIVED[field](activation).witness == tuple(sorted(record.witness))
        assert record.holds is (record.witness == ())
    assert activation.kinks(0) == ()
    assert set(activation.kinks(1)) <= set(activation.kinks(2)) == set(activation.analytic.witness)


def test_expected_kinks() -> None:
    kinks = {name: (activation_named(name).kinks(1), activation_named(name).kinks(2)) for name in ACTIVATION_NAMES}
    zero, ones = (Fraction(0),), (Fraction(-1), Fraction(1))
    assert {name.partition(":")[0]: found for name, found in kinks.items() if found[1]} == {
        "softsign": ((), zero), "elu": ((), zero), "relu": (zero, zero), "leaky-relu": (zero, zero), "hard-tanh": (ones, ones),
    }  # fmt: skip


@pytest.mark.parametrize("name", ACTIVATION_NAMES)
def test_witnesses_against_convexity_of_the_inverse_slope(name: str) -> None:
    record = activation_named(name).convex_inverse_slope
    assert record.witness == () or slopes.is_witness_of_no_convexity(activation_named(name), record.witness)
    left_open = not record.holds and record.witness == ()
    assert not left_open or not (activation_named(name).analytic.holds and activation_named(name).nonvanishing_derivative.holds)


@pytest.mark.parametrize("name", ACTIVATION_NAMES)
def test_witnesses_of_a_fall_are_witnesses(name: str) -> None:
    activation = activation_named(name)
    for record in (activation.increasing, DERIVED["increasing"](activation)):
        assert record.holds or growth.is_witness_of_fall(activation, record.witness)


@pytest.mark.parametrize("name", ACTIVATION_NAMES)
def test_witnesses_of_a_vanishing_derivative_are_witnesses(name: str) -> None:
    activation = activation_named(name)
    for record in (activation.nonvanishing_derivative, DERIVED["nonvanishing_derivative"](activation)):
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
    assert forms.derive_reflection(activation) == activation.reflection


@pytest.mark.parametrize("name", ACTIVATION_NAMES)
def test_closed_forms(name: str) -> None:
    activation = activation_named(name)
    assert forms.derive_affine_pieces(activation) == activation.affine_pieces
    assert forms.derive_degree(activation) == activation.degree
    found = [form for form in (Logistic(0, 1), Logistic(-1, 1), Logistic(-1, 0)) if forms.is_logistic(activation, form)]
    assert found == ([] if activation.logistic is None else [activation.logistic])


@pytest.mark.parametrize("name", ACTIVATION_NAMES)
def test_homogeneity(name: str) -> None:
    """Homogeneous of degree 1: lines from the origin on both sides; of degree k, on record, only powers are."""
    activation = activation_named(name)
    kappa = activation.homogeneity
    values = [forms.value_at(activation.expression, Fraction(z)) for z in (-3, Fraction(-1, 2), Fraction(1, 2), 3)]
    if kappa is not None:
        assert values == [6**kappa * values[1], values[1], values[2], 6**kappa * values[2]]
    else:
        assert not any(values[0] == 6**k * values[1] and values[3] == 6**k * values[2] for k in range(20))


def test_expected_classes() -> None:
    def holding(field: str) -> set[str]:
        return {name for name in ACTIVATION_NAMES if getattr(activation_named(name), field).holds}

    kinked = {"relu", "hard-tanh", "leaky-relu:1/100", "leaky-relu:1/3", "leaky-relu:99/100"}
    assert set(ACTIVATION_NAMES) - holding("differentiable") == kinked
    assert set(ACTIVATION_NAMES) - holding("twice_differentiable") == kinked | {"softsign", "elu"}
    assert holding("analytic") == holding("twice_differentiable")
    rising = {"sigmoid", "tanh", "softsign", "softplus", "bent-identity", "identity", "elu", "arctan", "erf", "power:1"}
    assert holding("nonvanishing_derivative") == rising
    assert holding("increasing") == rising | (kinked - {"relu", "hard-tanh"}) | {"power:3"}
    assert holding("tame") == {
        "sigmoid",
        "tanh",
        "softsign",
        "softplus",
        "arctan",
        "erf",
        "sin",
        "hard-tanh",
        "relu",
        "gelu",
        "silu",
        "mish",
        *SWISH,
    }


def test_expected_properties() -> None:
    def holding(field: str) -> set[str]:
        return {activation_named(name).family for name in ACTIVATION_NAMES if getattr(activation_named(name), field)}

    assert holding("is_identity") == {"identity"}
    assert {name for name in ACTIVATION_NAMES if activation_named(name).convex_inverse_slope.holds} == {
        "tanh", "sigmoid", "softplus", "arctan", "erf",
    }  # fmt: skip
    assert holding("is_squashing") == {"sigmoid", "tanh", "erf", "softsign"}
    assert holding("homogeneity") == {"identity", "power", "relu", "leaky-relu"}
    assert holding("is_silent_below") == {"relu"}
    assert {name for name in ACTIVATION_NAMES if not activation_named(name).increasing.holds and activation_named(name).never_falls} == {
        "relu",
        "hard-tanh",
    }
    straight = {name for name in ACTIVATION_NAMES if not activation_named(name).is_curved}
    assert straight == {"identity", "power:1", "relu", "hard-tanh", "leaky-relu:1/100", "leaky-relu:1/3", "leaky-relu:99/100"}
    for family, degree in (("relu", 1), ("leaky-relu:1/3", 1), ("identity", 1), ("power:1", 1), ("power:3", 3)):
        assert activation_named(family).homogeneity == degree


def test_pieces_of_other_expressions() -> None:
    import sympy

    z = pieces.Z
    assert pieces.breakpoints(sympy.Abs(2 * z - 1) + sympy.Piecewise((0, z < -1), (z, True))) == (Fraction(-1), Fraction(1, 2))
    assert pieces.one_sided_limits(sympy.Abs(2 * z - 1), 1, Fraction(1, 2)) == (-2, 2)
    assert pieces.value_at(sympy.Abs(2 * z - 1), Fraction(1, 2)) == 0
    with pytest.raises(pieces.DerivationError, match="linear in z"):
        pieces.breakpoints(sympy.Abs(z**2 - 1))
    with pytest.raises(pieces.DerivationError, match="rational point"):
        pieces.breakpoints(sympy.Abs(z - sympy.sqrt(2)))
    line = AffinePiece(None, Fraction(0), Fraction(1), Fraction(2))
    assert line.reaches(Fraction(0))
    assert not line.reaches(Fraction(1))


def test_unknown_shapes_are_never_guessed() -> None:
    import sympy

    z = pieces.Z
    assert not derivations.is_analytic_on_reals(sympy.log(z))
    assert not derivations.is_analytic_on_reals(1 / z)
    assert not derivations.is_analytic_on_reals(sympy.sqrt(z))
    assert not derivations.is_analytic_on_reals(sympy.Abs(z))
    assert not derivations.is_analytic_on_reals(sympy.exp(1 / z))
    with pytest.raises(pieces.DerivationError, match="one expression for z < 0"):
        pieces.branches(sympy.Abs(z - 1))
