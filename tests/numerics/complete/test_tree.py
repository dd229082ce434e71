"""The branch and prune: its enclosures hold what occurs, its lists agree with searches, and what it cannot settle is named."""

from __future__ import annotations

import numpy as np
import pytest

from lossproof.numerics.complete.enclosures import Ball, activations, exactly, gradient, hessian
from lossproof.numerics.complete.exclusion import enclosed_boxes
from lossproof.numerics.complete.known_points import images
from lossproof.numerics.complete.landscape import Landscape, landscape_of, obstacle
from lossproof.numerics.complete.search import Tree, TreeBudget, search_tree
from lossproof.numerics.critical.search import find_candidates
from lossproof.numerics.network.weight_vectors import flat_weights
from lossproof.theory.functions.errors import error_named
from lossproof.theory.problem.architecture import Architecture
from lossproof.theory.problem.decay import Decay
from lossproof.theory.problem.problem import Problem
from lossproof.theory.problem.samples import Samples
from lossproof.theory.zoo.registry import zoo_entry
from tests.cases.complete_cases import hidden, neuron


def everywhere(problem: Problem, boxes: int = 400_000) -> Tree:
    land = landscape_of(problem)
    return search_tree(land, land.bounds(), TreeBudget(boxes))


def orbit_of(land: Landscape, tree: Tree, W: np.ndarray) -> float:
    """Return the distance of weights from the nearest image of a listed point."""
    return min(float(np.abs(images(land, point) - W).max(axis=1).min()) for point in tree.points)


@pytest.mark.parametrize(
    "problem", [hidden(1, "1/100"), hidden(2, "1/5", "far"), hidden(1, "1/50", "far", "sigmoid"), neuron([[1], [-2]], [1, 0])]
)
def test_enclosures_hold_what_occurs(problem: Problem) -> None:
    land, rng = landscape_of(problem), np.random.default_rng(0)
    N = len(land.rates)
    for size in (1e-3, 0.3, 4.0):
        box = Ball(rng.normal(size=(40, N)) * size, rng.random((40, N)) * size)
        inside = box.mid + box.rad * rng.uniform(-1, 1, (40, N))
        ends = box.mid + box.rad * rng.choice([-1, 1], (40, N))
        theta, v = box.part((slice(None), slice(land.inner))), box.part((slice(None), slice(land.inner, None))) if land.units else None
        p = activations(land, theta)
        g, H = gradient(land, theta, p, v), hessian(land, p, v)
        for W in (inside, ends):
            t, u = exactly(W[:, : land.inner]), exactly(W[:, land.inner :]) if land.units else None
            at = activations(land, t)
            for found, whole in ((gradient(land, t, at, u), g), (hessian(land, at, u), H)):
                assert np.all(np.abs(found.mid - whole.mid) <= whole.rad * (1 + 1e-9) + 1e-9)


def test_the_gradient_and_the_hessian_are_derivatives() -> None:
    land, rng, h = landscape_of(hidden(2, "1/7", "far")), np.random.default_rng(1), 1e-6
    W, N = rng.normal(size=7), 7

    def slope(at: np.ndarray) -> np.ndarray:
        theta, v = exactly(at[None, :4]), exactly(at[None, 4:])
        return gradient(land, theta, activations(land, theta), v).mid[0]

    def loss(at: np.ndarray) -> float:
        phi = np.tanh(land.inputs @ at[:4].reshape(2, 2).T)
        return float(0.5 * np.sum((phi @ at[4:6] + at[6] - land.targets) ** 2) + 0.5 * np.sum(land.rates * at**2))

    numeric = [(loss(W + h * e) - loss(W - h * e)) / (2 * h) for e in np.eye(N)]
    assert np.allclose(slope(W), numeric, atol=1e-7)
    bent = [(slope(W + h * e) - slope(W - h * e)) / (2 * h) for e in np.eye(N)]
    H = hessian(land, activations(land, exactly(W[None, :4])), exactly(W[None, 4:])).mid[0]
    assert np.allclose(H, bent, atol=1e-7)


def test_the_output_weights_of_a_box_hold_those_of_its_points() -> None:
    land, rng = landscape_of(hidden(2, "1/100", "far")), np.random.default_rng(2)
    for size in (1e-2, 0.2, 2.0):
        theta = Ball(rng.normal(size=(50, 4)), rng.random((50, 4)) * size)
        prior = land.bounds()
        box = enclosed_boxes(land, Ball(theta.mid, theta.rad), prior)
        inside = Ball(theta.mid + theta.rad * rng.uniform(-1, 1, (50, 4)), 0 * theta.rad)
        exact = enclosed_boxes(land, inside, prior)
        assert box.v is not None
        assert exact.v is not None
        assert np.all(np.abs(exact.v.mid - box.v.mid) <= box.v.rad + 1e-9)


@pytest.mark.parametrize(
    ("name", "count"), [("auer-2", 3), ("auer-3", 5), ("auer-4", 7), ("auer-product-4", 9), ("auer-product-9", 25), ("neuron-with-bias", 3)]
)
def test_neurons_of_the_zoo_are_listed_completely(name: str, count: int) -> None:
    land = landscape_of(zoo_entry(name).problem)
    tree = search_tree(land, np.full(len(land.rates), 3.0), TreeBudget(10_000))
    assert tree.complete
    assert len(tree.points) == count
    assert tree.settled == pytest.approx(1)


@pytest.mark.parametrize(
    ("problem", "count"),
    [(hidden(1, "1/100"), 2), (hidden(1, "1/100", activation="sigmoid"), 3), (hidden(1, "1/100", "far"), 4), (hidden(2, "1/10"), 3)],
)
def test_lists_agree_with_searches(problem: Problem, count: int) -> None:
    land, tree = landscape_of(problem), everywhere(problem)
    assert tree.complete
    assert len(tree.points) == count
    for candidate in find_candidates(problem, starts=20, seed=0, workers=1).candidates:
        W = flat_weights(problem, candidate.weights)
        assert np.all(np.abs(W) <= tree.bounds)
        assert orbit_of(land, tree, W) < 1e-6


def test_all_known_points_lie_within_the_bounds() -> None:
    for rate in ("1/1000", "1/20", "3"):
        land = landscape_of(hidden(2, rate, "far"))
        for candidate in find_candidates(hidden(2, rate, "far"), starts=10, seed=1, workers=1).candidates:
            W = flat_weights(hidden(2, rate), candidate.weights)
            assert np.all(np.abs(W) <= land.bounds())


def test_a_double_root_is_left_as_boxes_around_it() -> None:
    """``J = (σ(w) − y_1)²/4 + …`` has a degenerate critical point where its second derivative is 0, too: y_2 is chosen so."""
    s = 1 / (1 + np.exp(-1.0))
    # two equal inputs make no difference; E' = (s − y) s', E'' = s'² + (s − y) s'': both vanish in the sum of two samples x = 1 and −2
    e = np.array([1.0, -2.0])
    z = e * 1.0
    q = 1 / (1 + np.exp(-z))
    d, b = q * (1 - q), q * (1 - q) * (1 - 2 * q)
    eps = np.linalg.solve(np.array([d * e, b * e**2]), [0, -np.sum(d**2 * e**2)])
    assert s == pytest.approx(q[0])
    land = Landscape(e[:, None], q - eps, np.zeros(1), 0, 0, 1, 0)
    tree = search_tree(land, np.array([3.0]), TreeBudget(12_000))
    lower, upper = tree.left
    assert not tree.complete
    assert len(lower)
    assert np.all(np.abs((lower + upper) / 2 - 1) < 1e-3)


@pytest.mark.parametrize(
    ("land", "size"),
    [
        (Landscape(np.array([[1e150], [1.0]]), np.array([0.5, 0.2]), np.zeros(1), 0, 0, 1, 0), 1e100),
        (Landscape(np.array([[1e-310], [1e-310]]), np.array([0.5, 0.2]), np.zeros(1), 0, 0, 1, 0), 5.0),
        (Landscape(np.array([[0.0]]), np.array([0.5]), np.zeros(1), 0, 0, 1, 0), 5.0),
        (Landscape(np.array([[1.0]]), np.array([1.0]), np.zeros(1), 0, 0, 1, 0), 1e6),
    ],
)
def test_hostile_inputs_end_with_the_budget(land: Landscape, size: float) -> None:
    tree = search_tree(land, np.array([size]), TreeBudget(10_000))
    assert tree.boxes <= 10_000
    assert tree.complete or len(tree.left[0])


def test_what_is_not_covered_is_told() -> None:
    assert obstacle(hidden(1, "1/10")) == ""
    assert obstacle(neuron([[1]], [1], "relu")) == "the activation must be tanh or sigmoid"
    assert obstacle(hidden(9, "1/10")) == "at most 12 weights and 4 hidden units are covered"


def test_a_bifurcation_is_left_as_boxes_around_it() -> None:
    """Odd targets over odd inputs: at ``W = 0`` the Hessian is singular where ``T λ = |Σ y x|``, here 2, and pairs of minima arise below that."""
    a = Architecture.of("1-1-1")
    samples = Samples.of([[-2], [-1], [1], [2]], [[-1], [1], [-1], [1]])
    tree = everywhere(Problem(a, error_named("squared"), samples, None, Decay.of("1/2", a)), boxes=13_000)
    lower, upper = tree.left
    assert not tree.complete
    assert ((lower <= 0).all(axis=1) & (upper[:, 1] >= 0)).any()
    assert np.abs(np.vstack([lower, upper])).max() < 0.1


def test_activations_are_exact_to_the_last_digits_next_to_0() -> None:
    z = np.array([1e-300, 1e-12, -1e-7, 1e-4])
    found = activations(Landscape(np.ones((1, 1)), np.ones(1), np.ones(2), 1, -1, 2, 0), exactly(z[:, None]))
    assert np.allclose(found.phi.mid[:, 0, 0], np.tanh(z), rtol=1e-14, atol=0)
    assert np.allclose(found.bend.mid[:, 0, 0], -2 * np.tanh(z) * (1 - np.tanh(z) ** 2), rtol=1e-14, atol=0)


def test_a_saddle_of_the_output_weight_without_decay_is_listed() -> None:
    """At ``W = 0`` without decay the Hessian of v is 0: v does not follow θ, and the box around the point must not be long in v."""
    land = landscape_of(hidden(1, 0, bias="none"))
    tree = search_tree(land, np.full(2, 3.0), TreeBudget(20_000))
    assert tree.complete
    assert orbit_of(land, tree, np.zeros(2)) < 1e-12
