"""The hypotheses of published theorems, as far as integers, records and exact comparison of the samples decide them.

What needs linear algebra with the samples (ranks, eigenvalues, a separating plane) is left to the certificates.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from types import MappingProxyType
from typing import TypeAlias

from lossproof.theory.problem.problem import Problem
from lossproof.theory.rationals import brief_name
from lossproof.theory.statements.cited_facts import (
    intrinsic_dimension,
    is_increasing_and_tame,
    is_leaky,
    is_linear,
    target_signs,
    telling_coordinate,
    wide_pyramid_layer,
)


class Answer(Enum):
    """Whether a hypothesis is proved to hold, proved to fail, or neither."""

    HOLDS = "holds"
    FAILS = "fails"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Hypothesis:
    """One hypothesis of a theorem, asked of one problem: the answer, and a clause that says what is so."""

    answer: Answer
    text: str


Found: TypeAlias = Iterator[Hypothesis]


def hypothesis(holds: bool, yes: str, no: str) -> Hypothesis:
    """Return a decided hypothesis with the clause that is true.

    >>> hypothesis(1 > 2, "1 exceeds 2", "1 does not exceed 2").text
    '1 does not exceed 2'
    """
    return Hypothesis(Answer.HOLDS if holds else Answer.FAILS, yes if holds else no)


def recorded_hypotheses(id: str, problem: Problem) -> tuple[Hypothesis, ...]:
    """Return the hypotheses of a cited theorem that integers, records and exact comparison decide, up to the first that fails.

    All but the last hold; a theorem that is never applied ends in one that fails. Raises `KeyError` for another id.

    >>> from lossproof.theory.problem.architecture import Architecture
    >>> from lossproof.theory.functions.errors import error_named
    >>> from lossproof.theory.problem.samples import Samples
    >>> xor = Samples.of([[0, 0], [0, 1], [1, 0], [1, 1]], [0, 1, 1, 0])
    >>> problem = Problem(Architecture.of("2-2-1", "tanh"), error_named("squared"), xor)
    >>> found = recorded_hypotheses("li-ding-sun", problem)
    >>> found[-1].answer.value, found[-1].text
    ('fails', 'the last hidden layer has n_1 = 2 units, fewer than T = 4')
    """
    found = []
    for one in _HYPOTHESES[id](problem):
        found.append(one)
        if one.answer is Answer.FAILS:
            break
    return tuple(found)


def _hidden(problem: Problem) -> Hypothesis:
    return hypothesis(problem.architecture.L >= 2, "there is a hidden layer", "there is no hidden layer")


def _one_hidden(problem: Problem) -> Hypothesis:
    count = problem.architecture.L - 1
    return hypothesis(count == 1, "there is one hidden layer", f"there are {count} hidden layers, not one")


def _squared(problem: Problem) -> Hypothesis:
    name = brief_name(problem.error.name)
    return hypothesis(name == "squared", "the error is squared", f"the error is {name}, not squared")


def _convex(problem: Problem) -> Hypothesis:
    error = problem.error
    return hypothesis(
        error.convex.holds, f"the {brief_name(error.name)} error is convex", f"the {brief_name(error.name)} error is not convex"
    )


def _identity_output(problem: Problem) -> Hypothesis:
    output = problem.architecture.output_activation
    return hypothesis(
        is_linear(output), "the output activation is the identity", f"the output activation is {brief_name(output.name)}, not the identity"
    )


def _trainable_bias(problem: Problem) -> Hypothesis:
    bias = problem.architecture.bias
    return hypothesis(bias == "trainable", "the biases are trainable", f"the bias mode is {bias!r}, not 'trainable'")


def _no_fixed_bias(problem: Problem) -> Hypothesis:
    biases = problem.architecture.biases
    no = (
        "biases are held at fixed constants, which the theorem does not allow"
        if "fixed" in biases
        else "the layers have different bias modes, and not one"
    )
    return hypothesis(set(biases) in ({"trainable"}, {"none"}), "no bias is held fixed", no)


def _distinct(problem: Problem) -> Hypothesis:
    equal = problem.samples.distinct_inputs() < problem.T
    return hypothesis(not equal, f"the {problem.T} inputs differ", "two samples have equal inputs")


def _hidden_activation(problem: Problem, holds: bool, wanted: str) -> Hypothesis:
    name = brief_name(problem.architecture.activation.name)
    return hypothesis(holds, f"the hidden activation {name} is {wanted}", f"the hidden activation is {name}, not {wanted}")


def _one_activation(problem: Problem) -> Found:
    names = ", ".join(dict.fromkeys(brief_name(s.name) for s in problem.architecture.hidden))
    if "," in names:
        yield Hypothesis(Answer.FAILS, f"the hidden layers have different activations ({names}), and the theorem is about one")


def _last_hidden_width(problem: Problem, least: int, what: str) -> Hypothesis:
    widths = problem.architecture.widths
    l = len(widths) - 2
    text = f"the last hidden layer has n_{l} = {widths[l]} units"
    return hypothesis(widths[l] >= least, f"{text}, at least {what}", f"{text}, fewer than {what}")


def _linear(problem: Problem) -> Found:
    a = problem.architecture
    names = ", ".join(dict.fromkeys(brief_name(s.name) for s in a.activations if not is_linear(s)))
    yield hypothesis(not names, "all units are linear", f"the network is not linear: it uses {names}")
    yield _hidden(problem)
    yield _no_fixed_bias(problem)


def _kawaguchi(problem: Problem) -> Found:
    n_0, n_L = problem.architecture.widths[0], problem.architecture.n_L
    yield from _linear(problem)
    yield _squared(problem)
    yield hypothesis(n_L <= n_0, f"n_L = {n_L} ≤ n_0 = {n_0}", f"there are more outputs ({n_L}) than inputs ({n_0})")


def _lu_kawaguchi(problem: Problem) -> Found:
    yield from _linear(problem)
    yield _squared(problem)


def _laurent_von_brecht(problem: Problem) -> Found:
    yield from _linear(problem)
    yield _convex(problem)
    widths = problem.architecture.widths
    least = min(widths[0], widths[-1])
    narrow = [l for l in range(1, len(widths) - 1) if widths[l] < least]
    no = f"layer {narrow[0]} has {widths[narrow[0]]} units, fewer than min(n_0, n_L) = {least}" if narrow else ""
    yield hypothesis(not narrow, f"no hidden layer is narrower than min(n_0, n_L) = {least}", no)


def _nguyen_hein(problem: Problem) -> Found:
    a, error, T = problem.architecture, problem.error, problem.T
    yield _hidden(problem)
    tame = "analytic, strictly increasing, and bounded or small towards −∞ and at most linear towards ∞"
    yield from _one_activation(problem)
    yield _hidden_activation(problem, is_increasing_and_tame(a.activation), tame)
    yield hypothesis(
        a.output_activation.nonvanishing_derivative.holds,
        "the output activation's derivative vanishes nowhere",
        "the output activation's derivative vanishes or is missing somewhere",
    )
    yield hypothesis(
        error.principle_error.holds and not error.is_cross_entropy,
        f"the {brief_name(error.name)} error is a smooth function of the residuals",
        f"the {brief_name(error.name)} error is no function of the residuals",
    )
    yield _trainable_bias(problem)
    k = wide_pyramid_layer(a.widths, T)
    yield hypothesis(
        k is not None,
        f"layer {k} has at least T − 1 = {T - 1} units, and the widths do not grow above it",
        f"no hidden layer has at least T − 1 = {T - 1} units with widths that do not grow above it",
    )
    yield _distinct(problem)


def _refuted(problem: Problem, least: int, what: str) -> Found:
    yield _hidden_activation(problem, problem.architecture.activation.logistic is not None, "sigmoidal (sigmoid or tanh)")
    yield _squared(problem)
    yield _last_hidden_width(problem, least, what)
    yield _distinct(problem)
    yield Hypothesis(
        Answer.FAILS,
        "the theorem is false as stated, although what it asks for holds here: at any width, and with all hidden weights zero, "
        "suitable targets give a finite suboptimal local minimum",
    )


def _yu_chen(problem: Problem) -> Found:
    yield _one_hidden(problem)
    yield _trainable_bias(problem)
    yield from _refuted(problem, problem.T - 1, f"T − 1 = {problem.T - 1}")


def _poston(problem: Problem) -> Found:
    yield _one_hidden(problem)
    yield from _refuted(problem, problem.T, f"T = {problem.T}")


def _gori_tesi(problem: Problem) -> Found:
    a = problem.architecture
    hidden, output = brief_name(a.activation.name), brief_name(a.output_activation.name)
    yield _one_hidden(problem)
    yield hypothesis(
        a.output_activation.is_squashing, f"{output} is a squashing function", f"the output activation is {output}, no squashing function"
    )
    yield hypothesis(
        a.activation == a.output_activation,
        "hidden and output units are alike",
        f"the hidden activation is {hidden}, the output's {output}",
    )
    yield hypothesis(a.n_L == 1, "there is one output", f"there are {a.n_L} outputs, which share the hidden units")
    yield _squared(problem)
    ends = target_signs(problem) is not None
    yield hypothesis(ends, "all targets are ends of the range", "a target is not an end of the output's range")


def _soudry_carmon(problem: Problem) -> Found:
    n_L = problem.architecture.n_L
    yield _hidden(problem)
    yield _hidden_activation(problem, is_leaky(problem.architecture.activation), "leaky relu")
    yield hypothesis(n_L == 1, "there is one output", f"there are {n_L} outputs, not one")
    yield _squared(problem)
    yield Hypothesis(
        Answer.FAILS,
        "no unit's output is multiplied by a random factor here, and even then almost all inputs and factors are meant, not a given sample set",
    )


def _li_ding_sun(problem: Problem) -> Found:
    T = problem.T
    yield _hidden(problem)
    yield _identity_output(problem)
    yield _convex(problem)
    yield _last_hidden_width(problem, T, f"T = {T}")
    coordinate = telling_coordinate(problem)
    yes, no = f"coordinate {coordinate} of the inputs has {T} different values", f"no coordinate of the inputs has {T} different values"
    yield hypothesis(coordinate is not None, yes, no)


def _ding_li_sun(problem: Problem) -> Found:
    a, T = problem.architecture, problem.T
    name = brief_name(a.activation.name)
    needed = a.widths[0] * (a.widths[0] + 3) // 2
    yield _hidden(problem)
    yield _identity_output(problem)
    yield _squared(problem)
    yield _trainable_bias(problem)
    yield from _one_activation(problem)
    yield hypothesis(a.activation.is_curved, f"{name} is curved", f"the hidden activation {name} has no second derivative other than 0")
    yield _last_hidden_width(problem, 2, "2")
    yield hypothesis(needed < T, f"T = {T} exceeds n_0(n_0 + 3)/2 = {needed}", f"T = {T} does not exceed n_0(n_0 + 3)/2 = {needed}")


def _safran_shamir(problem: Problem) -> Found:
    text = f"the theorem is about the expected loss over Gaussian inputs, and the loss here is a mean over T = {problem.T} samples"
    yield Hypothesis(Answer.FAILS, text)


def _venturi(problem: Problem) -> Found:
    yield _one_hidden(problem)
    yield _identity_output(problem)
    yield _convex(problem)
    yield _no_fixed_bias(problem)
    q = intrinsic_dimension(problem)
    yield _last_hidden_width(problem, q, f"the intrinsic dimension, which is bounded by {q}")


_HYPOTHESES: Mapping[str, Callable[[Problem], Found]] = MappingProxyType({
    "kawaguchi-2016": _kawaguchi,
    "lu-kawaguchi-2017": _lu_kawaguchi,
    "laurent-von-brecht-2018": _laurent_von_brecht,
    "nguyen-hein-2017": _nguyen_hein,
    "yu-chen-1995": _yu_chen,
    "poston-1991": _poston,
    "gori-tesi-1992": _gori_tesi,
    "soudry-carmon-2016": _soudry_carmon,
    "li-ding-sun": _li_ding_sun,
    "ding-li-sun-2019": _ding_li_sun,
    "safran-shamir-2018": _safran_shamir,
    "venturi-bandeira-bruna": _venturi,
})  # fmt: skip
