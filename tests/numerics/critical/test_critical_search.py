"""The float search finds planted critical points, and takes nothing that runs off to infinity for one."""

from __future__ import annotations

import multiprocessing
from fractions import Fraction

import numpy as np
import pytest
from cases.landscapes import XOR_X, XOR_Y

from lossproof.numerics.critical import search as critical_search
from lossproof.numerics.critical.polish import settle
from lossproof.numerics.critical.search import find_candidates
from lossproof.numerics.critical.starts import (
    embedded_point,
    generator_of,
    problem_without_unit,
    splittable_layers,
    start_plan,
    start_point,
)
from lossproof.numerics.critical.weight_structure import structure_of
from lossproof.numerics.network.float_derivatives import FloatLandscape
from lossproof.numerics.network.weight_vectors import flat_weights
from lossproof.theory.exceptions import InputError
from lossproof.theory.functions.errors import error_named
from lossproof.theory.problem.architecture import Architecture
from lossproof.theory.problem.problem import Problem
from lossproof.theory.problem.samples import Samples


def problem_of(widths, X, Y, activation="tanh", output="identity", bias="trainable", error="squared", fixed=None):
    return Problem(Architecture.of(widths, activation, output, bias), error_named(error), Samples.of(X, Y), fixed)


def inertia(problem, candidate):
    values = np.linalg.eigvalsh(FloatLandscape(problem).at(flat_weights(problem, candidate.weights)[None]).hessian[0])
    least = 1e-8 * np.abs(values).max()
    return int(np.sum(values < -least)), int(np.sum(np.abs(values) <= least)), int(np.sum(values > least))


def turning_points(X, Y):
    """The minima and maxima of a sigmoid neuron with one weight, from the signs of its slope on a fine grid."""
    positive = np.geomspace(1e-4, 1e4, 100001)
    w = np.concatenate([-positive[::-1], [0], positive])
    s = 1 / (1 + np.exp(-np.clip(np.outer(w, X), -500, 500)))
    slope = ((s - Y) * s * (1 - s) * np.array(X)).sum(axis=1)
    seen = np.abs(slope) > 1e-13
    up, down = (seen[:-1] & seen[1:] & (sign * slope[:-1] < 0) & (sign * slope[1:] > 0) for sign in (1, -1))
    return w[:-1][up], w[:-1][down]


AUER = {
    2: ([0.05, 100.0], [0.7, 0.05]),
    3: ([-100.0, 1.0, 0.01], [0.9, 0.1, 0.7]),
    4: ([0.05, 100.0, 10.0, -0.01], [0.95, 0.7, 0.7, 0.9]),
}


@pytest.mark.parametrize("count", AUER)
def test_all_turning_points_of_a_sigmoid_neuron(count):
    X, Y = AUER[count]
    minima, maxima = turning_points(X, Y)
    assert len(minima) == count
    problem = problem_of("1-1", [[x] for x in X], Y, output="sigmoid", bias="none")
    result = find_candidates(problem, starts=200, seed=0)
    kinds = [(float(c.weights.layers[0].W[0][0]), inertia(problem, c)) for c in result.candidates]
    assert sorted(w for w, kind in kinds if kind == (0, 0, 1)) == pytest.approx(sorted(minima), rel=1e-3)
    found = [w for w, kind in kinds if kind == (1, 0, 0)]
    assert all(min(abs(w - m) for w in found) <= 1e-3 * abs(m) for m in maxima)
    assert result.finished == result.starts == sum(c.hits for c in result.candidates) + result.strays


def test_two_inputs_multiply_the_minima():
    problem = problem_of("2-1", [[0.05, 0], [100, 0], [0, 0.05], [0, 100]], [0.7, 0.05, 0.7, 0.05], output="sigmoid", bias="none")
    result = find_candidates(problem, starts=200, seed=0)
    assert sum(inertia(problem, c) == (0, 0, 2) for c in result.candidates) == 4
    losses = [c.loss for c in result.candidates]
    assert losses == sorted(losses)


def test_a_product_of_two_weights_has_its_hyperbola_and_its_saddle():
    problem = problem_of("1-1-1", [[1]], [5], activation="identity", bias="none")
    result = find_candidates(problem, starts=40, seed=1)
    points = {tuple(flat_weights(problem, c.weights).tolist()): inertia(problem, c) for c in result.candidates}
    assert points == {(1.0, 5.0): (0, 1, 1), (0.0, 0.0): (1, 0, 1)}


def test_deep_linear_networks_have_a_saddle_without_curvature():
    problem = problem_of("1-1-1-1", [[1], [2]], [1, 3], activation="identity", bias="none")
    result = find_candidates(problem, starts=60, seed=0)
    zero = next(c for c in result.candidates if not flat_weights(problem, c.weights).any())
    assert zero.gradient_norm == 0
    assert inertia(problem, zero) == (0, 3, 0)
    assert result.candidates[0].loss == pytest.approx(0.05)  # (1/4) · min over a of (a − 1)² + (2a − 3)², at a = 7/5


@pytest.mark.parametrize("widths", ["2-2-1", "2-3-1"])
def test_xor(widths):
    problem = problem_of(widths, XOR_X, XOR_Y)
    result = find_candidates(problem, starts=80, seed=0)
    assert result.candidates[0].loss < 1e-25
    flat_points = [c for c in result.candidates if abs(c.loss - 0.125) < 1e-12]
    assert flat_points
    assert all(inertia(problem, c)[1] > 0 for c in flat_points)
    assert any(not any(entry for row in c.weights.layers[0].W for entry in row) for c in flat_points)
    assert all(np.abs(flat_weights(problem, c.weights)).max() < 100 for c in result.candidates)


SEPARABLE = [[-1, 0], [1, 1], [2, 1], [3, -1]]


@pytest.mark.parametrize(
    ("output", "error", "targets"),
    [
        ("sigmoid", "squared", [[0], [1], [1], [1]]),
        ("identity", "logistic", [[0], [1], [1], [1]]),
        ("identity", "softmax", [[1, 0], [0, 1], [0, 1], [0, 1]]),
        ("arctan", "squared", [[-2], [2], [2], [2]]),
    ],
)
def test_separable_neurons_have_strays_only(output, error, targets):
    problem = problem_of((2, len(targets[0])), SEPARABLE, targets, output=output, error=error)
    result = find_candidates(problem, starts=60, seed=0)
    assert result.candidates == ()
    assert result.strays == result.finished == 60


@pytest.mark.parametrize("activation", ["tanh", "sigmoid", "softplus", "erf"])
def test_steps_at_infinity_are_no_candidates(activation):
    t = np.linspace(-2, 2, 8)
    problem = problem_of("1-1-1", t[:, None], np.sin(2 * t) + 0.3 * t**2, activation=activation)
    result = find_candidates(problem, starts=100, seed=0)
    assert result.strays > 30
    assert all(np.abs(FloatLandscape(problem).at(flat_weights(problem, c.weights)[None]).z[0]).max() < 30 for c in result.candidates)
    assert all(c.loss > 0.2 for c in result.candidates)  # the infimum of this kind, 0.1925…, is approached by ever steeper units only


def test_relu_points_come_out_balanced_and_exactly_scaled():
    t = np.linspace(-2, 2, 8)
    problem = problem_of("1-3-1", t[:, None], np.sin(2 * t) + 0.3 * t**2, activation="relu")
    result = find_candidates(problem, starts=80, seed=0)
    on_kinks = [candidate.inertia == (0, problem.architecture.N_net, 0) for candidate in result.candidates]
    assert not all(on_kinks)
    for candidate, on_kink in zip(result.candidates, on_kinks, strict=True):
        first = candidate.weights.layers[0]
        assert all(w == 0 or abs(w) == 1 or abs(b) == 8 for w, b in zip(first.W[0], first.b, strict=True))
        assert candidate.gradient_norm < 1e-9
        nearest = np.abs(FloatLandscape(problem).at(flat_weights(problem, candidate.weights)[None]).z[0]).min()
        assert nearest < 1e-12 if on_kink else nearest > 0


def test_merged_units_are_exactly_equal_with_exact_shares():
    t = np.linspace(-2, 2, 9)
    targets = np.stack([np.tanh(t + 0.3) + 0.1 * t**2, 0.5 - np.tanh(t)], axis=1)
    problem = problem_of("1-2-2", t[:, None], targets)
    merged = []
    for candidate in find_candidates(problem, starts=80, seed=0).candidates:
        (first,), b = candidate.weights.layers[0].W, candidate.weights.layers[0].b
        v = candidate.weights.layers[1].W
        total = [x + y for x, y in zip(*v, strict=True)]
        if first[0] == first[1] != 0 and b[0] == b[1] and all(total):
            shares = {x / s for x, s in zip(v[0], total, strict=True)}
            assert len(shares) == 1
            assert shares.pop().denominator <= 1024
            merged.append(candidate)
    assert merged


@pytest.mark.parametrize("bias", ["trainable", "fixed", "none"])
def test_deep_networks_and_all_biases(bias):
    rng = np.random.default_rng(3)
    fixed = ((Fraction(1, 2), Fraction(1, 2)), (Fraction(1, 3), Fraction(-1)), (Fraction(1, 5),)) if bias == "fixed" else None
    problem = problem_of("2-2-2-1", rng.normal(size=(6, 2)), rng.normal(size=6), bias=bias, fixed=fixed)
    result = find_candidates(problem, starts=40, seed=0)
    assert result.candidates
    for candidate in result.candidates:
        assert candidate.gradient_norm < 1e-10
        assert fixed is None or tuple(layer.b for layer in candidate.weights.layers) == fixed


@pytest.mark.parametrize("error", ["smooth-l1", "cauchy:1/4", "blake-zisserman:1/10", "logistic"])
def test_all_errors(error):
    t = np.linspace(-2, 2, 7)
    problem = problem_of("1-1-1", t[:, None], 0.5 + 0.25 * np.tanh(1.2 * t) + 0.02 * np.cos(9 * t), error=error)
    result = find_candidates(problem, starts=60, seed=0)
    assert any(inertia(problem, c) == (0, 0, 4) for c in result.candidates)


def test_the_number_of_workers_changes_nothing(monkeypatch):
    monkeypatch.setattr(critical_search, "_WORTH_A_POOL", 0.0)
    monkeypatch.setattr(critical_search, "_CHUNK", 10)
    problem = problem_of("1-2-1", [[-1], [0], [1], [2], [3]], [1, 0, 1, 1, 0])
    calls = []
    alone = find_candidates(problem, starts=35, seed=5, workers=1)
    shared = find_candidates(problem, starts=35, seed=5, workers=2, progress=lambda *call: calls.append(call))
    assert alone == shared == find_candidates(problem, starts=35, seed=5, workers=2)
    assert alone != find_candidates(problem, starts=35, seed=6, workers=1)
    assert calls == [("search", done, 35) for done in (10, 20, 30, 35)]


def test_larger_networks_are_searched_in_a_process(monkeypatch):
    problem = problem_of("2-7-1", XOR_X, XOR_Y)
    shared = find_candidates(problem, starts=8, seed=0, workers=1)
    monkeypatch.setattr(critical_search, "_SINGLE_THREADED", 100)
    here = find_candidates(problem, starts=8, seed=0, workers=1)
    assert (shared.finished, shared.strays, len(shared.candidates)) == (here.finished, here.strays, len(here.candidates))
    assert shared.candidates[0].loss < 1e-25


@pytest.mark.parametrize("workers", [1, 2])
def test_an_interrupt_leaves_what_was_found(monkeypatch, workers):
    monkeypatch.setattr(critical_search, "_WORTH_A_POOL", 0.0)
    monkeypatch.setattr(critical_search, "_CHUNK", 10)
    results = []

    def stop(stage, done, total):
        if done >= 20:
            raise KeyboardInterrupt

    problem = problem_of("1-1", [[-1], [0], [1]], [0.25, 0.75, 0.5], output="sigmoid")
    with pytest.raises(KeyboardInterrupt):
        find_candidates(problem, starts=60, seed=0, workers=workers, progress=stop, on_candidates=results.append)
    assert [result.finished for result in results] == [10, 20]
    assert results[-1].candidates
    assert not multiprocessing.active_children()


def test_a_search_needs_a_start():
    with pytest.raises(InputError, match="at least 1"):
        find_candidates(problem_of("1-1", [[1]], [1]), starts=0, seed=0)


def test_starts_do_not_depend_on_anything_but_seed_and_number():
    problem = problem_of("1-3-1", [[1], [2]], [1, 0])
    plans = {start_plan(problem, index) for index in range(16)}
    assert plans == {"zero", "plain", "varied", "wide", "small", "degenerate", "embedded"}
    for plan in plans - {"embedded"}:
        first, second = (start_point(problem, plan, generator_of(3, 7)) for _ in range(2))
        assert first.shape == (10,)
        assert (first == second).all()


def test_embedded_points_compute_the_same():
    problem = problem_of("1-3-2", [[1], [2]], [[1, 0], [0, 1]], bias="fixed", fixed=((1, 2, 1), (0, 0)))
    assert splittable_layers(problem) == [1]
    smaller, gone, twin = problem_without_unit(problem, 1)
    assert (gone, twin, smaller.fixed_bias) == (2, 0, ((1, 2), (0, 0)))
    point = np.array([0.5, -1.0, 2.0, 3.0, -4.0, 1.0])
    larger = embedded_point(smaller, point, 1, (gone, twin), generator_of(0, 0))
    assert FloatLandscape(problem).at(larger[None]).loss[0] == pytest.approx(FloatLandscape(smaller).at(point[None]).loss[0])


def test_structure_is_kept_exactly():
    problem = problem_of("1-3-2-1", [[1], [2]], [1, 0], bias="none")
    weights = np.array([1.0, 1.0 + 1e-9, 3.0, 0.75, 0.25 + 1e-9, 1e-9, 1.5, 0.5, 2.0, 5.0, 1e-9])
    structure = structure_of(problem, weights, 1e-7)
    kept = structure.expanded(structure.rounded(structure.reduced(weights)))
    assert np.allclose(kept, weights, atol=1e-8)
    assert kept[0] == kept[1]
    assert kept[3] == 3 * kept[4]
    assert kept[6] == 3 * kept[7]
    assert kept[5] == kept[10] == 0
    assert structure_of(problem, weights, 0.0).expanded(weights).tolist() == weights.tolist()


def test_points_at_a_kink_and_saturated_points_do_not_settle():
    relu = problem_of("1-1-1", [[1], [-1]], [1, 0], activation="relu")
    assert settle(FloatLandscape(relu), np.array([1.0, -1.0, 1.0, 0.5])) is None
    tanh = problem_of("1-1-1", [[1], [-1]], [1, -1])
    assert settle(FloatLandscape(tanh), np.array([40.0, 0.0, 1.0, 0.0])) is None
