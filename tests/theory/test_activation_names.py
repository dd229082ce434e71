"""The names of activations, and what is said about names that are none."""

import pytest
from cases.theory_cases import ACTIVATION_NAMES

from lossproof.theory.exceptions import InputError
from lossproof.theory.functions.activations import ACTIVATION_FAMILIES, Activation, activation_named


@pytest.mark.parametrize("name", ACTIVATION_NAMES)
def test_names_come_back(name: str) -> None:
    activation = activation_named(name)
    assert activation.name == name
    assert activation.family == name.partition(":")[0]
    assert activation_named(activation) is activation
    assert activation.latex
    assert hash(activation) == hash(activation_named(name))


def test_every_family_has_a_case() -> None:
    assert {name.partition(":")[0] for name in ACTIVATION_NAMES} == set(ACTIVATION_FAMILIES)
    assert isinstance(activation_named("tanh"), Activation)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("tahn", "did you mean 'tanh'"),
        ("tanh:2", "unknown activation"),
        ("power", "power must be given with its parameter.*power:2"),
        ("power:", "power must be given with its parameter.*power:2"),
        ("power:0", "whole number from 1 to 16"),
        ("power:17", "whole number from 1 to 16"),
        ("power:3/2", "whole number from 1 to 16"),
        ("power:two", "rational number.*power:2"),
        ("leaky-relu:1", "strictly between 0 and 1"),
        ("swish:0", "between 1/1000000 and 1000000, got 0.*swish:3/2"),
        ("swish:-1", "between 1/1000000 and 1000000"),
        ("swish:1000001", "between 1/1000000 and 1000000"),
        ("swish:beta", "rational number.*swish:3/2"),
        ("leaky-relu:1/0", "rational number.*leaky-relu:1/100"),
    ],
)
def test_what_is_wrong_with_a_name_is_said(name: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        activation_named(name)


def test_names_are_read_leniently() -> None:
    assert activation_named(" Leaky_ReLU ").name == "leaky-relu:1/100"
    assert activation_named("LEAKY-RELU:0.1").name == "leaky-relu:1/10"
    assert activation_named("power:2/1").name == "power:2"


@pytest.mark.parametrize("name", ["swish", "swish:1", "swish:2/2", "Swish"])
def test_swish_without_a_factor_is_silu(name: str) -> None:
    assert activation_named(name) == activation_named("silu")


@pytest.mark.parametrize("beta", ["1/1000000", "1000000"])
def test_swish_takes_factors_up_to_its_ends(beta: str) -> None:
    assert activation_named(f"swish:{beta}").name == f"swish:{beta}"
