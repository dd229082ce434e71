"""The branch and prune: its enclosures hold what occurs, its lists agree with searches, and what it cannot settle is named."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from concurrent.futures import Future
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from typing import Any

import numpy as np
import pytest

from lossproof.numerics.complete import search, settling
from lossproof.numerics.complete.clusters import clusters
from lossproof.numerics.complete.enclosures import Ball, activations, exactly, gradient, hessian, residuals
from lossproof.numerics.complete.known_points import images
from lossproof.numerics.complete.landscape import Landscape, landscape_of, obstacle
from lossproof.numerics.complete.ridge import hidden_boxes, outputs
from lossproof.numerics.complete.search import Settled, Tree, TreeBudget, search_tree
from lossproof.numerics.critical.search import find_candidates
from lossproof.numerics.network.weight_vectors import flat_weights
from lossproof.theory.exceptions import InputError
from lossproof.theory.functions.activations import activation_named
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
    return min((float(np.abs(images(land, point) - W).max(axis=1).min()) for point in tree.points), default=np.inf)


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
        g, H = gradient(land, theta, p, residuals(land, p.phi, v), v), hessian(land, p, residuals(land, p.phi, v), v)
        for W in (inside, ends):
            t, u = exactly(W[:, : land.inner]), exactly(W[:, land.inner :]) if land.units else None
            at = activations(land, t)
            for found, whole in (
                (gradient(land, t, at, residuals(land, at.phi, u), u), g),
                (hessian(land, at, residuals(land, at.phi, u), u), H),
            ):
                assert np.all(np.abs(found.mid - whole.mid) <= whole.rad * (1 + 1e-9) + 1e-9)


def test_the_gradient_and_the_hessian_are_derivatives() -> None:
    land, rng, h = landscape_of(hidden(2, "1/7", "far")), np.random.default_rng(1), 1e-6
    W, N = rng.normal(size=7), 7

    def slope(at: np.ndarray) -> np.ndarray:
        theta, v = exactly(at[None, :4]), exactly(at[None, 4:])
        p = activations(land, theta)
        return gradient(land, theta, p, residuals(land, p.phi, v), v).mid[0]

    def loss(at: np.ndarray) -> float:
        phi = np.tanh(land.inputs @ at[:4].reshape(2, 2).T)
        return float(0.5 * np.sum((phi @ at[4:6] + at[6] - land.targets) ** 2) + 0.5 * np.sum(land.rates * at**2))

    numeric = [(loss(W + h * e) - loss(W - h * e)) / (2 * h) for e in np.eye(N)]
    assert np.allclose(slope(W), numeric, atol=1e-7)
    bent = [(slope(W + h * e) - slope(W - h * e)) / (2 * h) for e in np.eye(N)]
    p, v = activations(land, exactly(W[None, :4])), exactly(W[None, 4:])
    H = hessian(land, p, residuals(land, p.phi, v), v).mid[0]
    assert np.allclose(H, bent, atol=1e-7)


def test_the_output_weights_of_a_box_hold_those_of_its_points() -> None:
    land, rng = landscape_of(hidden(2, "1/100", "far")), np.random.default_rng(2)
    for size in (1e-2, 0.2, 2.0):
        mid, rad = rng.normal(size=(50, 4)), rng.random((50, 4)) * size
        inside = mid + rad * rng.uniform(-1, 1, (50, 4))
        box, exact = (outputs(land, hidden_boxes(land, *ends), land.bounds()) for ends in ((mid - rad, mid + rad), (inside, inside)))
        for found, there in ((box.v, exact.v), (box.eps, exact.eps)):
            assert np.all(np.abs(there.mid - found.mid) <= found.rad + 1e-9)


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


@pytest.mark.parametrize("activation", ["softplus", "silu", "swish:3", "mish", "bent-identity", "gelu", "arctan", "erf", "sin"])
@pytest.mark.parametrize("form", ["hidden", "decaying neuron", "neuron"])
def test_lists_of_other_activations_agree_with_searches(activation: str, form: str) -> None:
    """Random problems; without decay in a box. Nothing that starts find is not on the list."""
    for seed in range(2):
        rng = np.random.default_rng([seed, len(activation)])
        X, y = (rng.integers(-8, 9, (4, 1)) / 4).tolist(), (rng.integers(-8, 9, 4) / 4).tolist()
        a = Architecture.of(
            (1, 1, 1) if form == "hidden" else (1, 1), **{"activation" if form == "hidden" else "output_activation": activation}
        )
        samples = Samples.of(X, [[t] for t in y])
        problem = Problem(
            a, error_named("squared"), samples, None, Decay.of(0 if form == "neuron" else "1/4" if activation == "sin" else "1/16", a)
        )
        land = landscape_of(problem)
        bounds = np.full(2, 1.5) if form == "neuron" else land.bounds()
        tree = search_tree(land, bounds, TreeBudget(60_000))
        assert tree.complete
        for candidate in find_candidates(problem, starts=10, seed=seed, workers=1).candidates:
            W = flat_weights(problem, candidate.weights)
            if form != "neuron" or np.all(np.abs(W) < bounds):
                assert orbit_of(land, tree, W) < 1e-5


@pytest.mark.parametrize("problem", [hidden(1, "1/100", "far"), hidden(2, "1/10"), neuron([[10], [-1]], ["3/4", "4/5"], decay="1/1000")])
def test_a_list_of_minima_has_the_minima_of_the_whole_list(problem: Problem) -> None:
    land, tree = landscape_of(problem), everywhere(problem)
    minima = search_tree(land, land.bounds(), TreeBudget(400_000), minima=True)
    assert minima.complete
    assert "D" in minima.codes
    heights = []
    for W in tree.points:
        theta, v = exactly(W[None, : land.inner]), exactly(W[None, land.inner :]) if land.units else None
        p = activations(land, theta)
        heights.append(float(np.linalg.eigvalsh(hessian(land, p, residuals(land, p.phi, v), v).mid[0]).min()))
    assert all((orbit_of(land, minima, W) < 1e-9) == (height > 0) for W, height in zip(tree.points, heights, strict=True))
    assert len(minima.points) == sum(height > 0 for height in heights)


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
    land = Landscape(e[:, None], q - eps, np.zeros(1), 0, activation_named("sigmoid"), 0)
    tree = search_tree(land, np.array([3.0]), TreeBudget(12_000))
    lower, upper = tree.left
    assert not tree.complete
    assert len(lower)
    assert np.all(np.abs((lower + upper) / 2 - 1) < 1e-3)


@pytest.mark.parametrize(
    ("land", "size"),
    [
        (Landscape(np.array([[1e150], [1.0]]), np.array([0.5, 0.2]), np.zeros(1), 0, activation_named("sigmoid"), 0), 1e100),
        (Landscape(np.array([[1e-310], [1e-310]]), np.array([0.5, 0.2]), np.zeros(1), 0, activation_named("sigmoid"), 0), 5.0),
        (Landscape(np.array([[0.0]]), np.array([0.5]), np.zeros(1), 0, activation_named("sigmoid"), 0), 5.0),
        (Landscape(np.array([[1.0]]), np.array([1.0]), np.zeros(1), 0, activation_named("sigmoid"), 0), 1e6),
    ],
)
def test_hostile_inputs_end_with_the_budget(land: Landscape, size: float) -> None:
    tree = search_tree(land, np.array([size]), TreeBudget(10_000))
    assert tree.boxes <= 10_000
    assert tree.complete or len(tree.left[0])


def test_what_is_not_covered_is_told() -> None:
    assert obstacle(hidden(1, "1/10")) == ""
    assert obstacle(neuron([[1]], [1], "relu")).startswith("the activation must be tanh, sigmoid, softplus")
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
    found = activations(Landscape(np.ones((1, 1)), np.ones(1), np.ones(2), 1, activation_named("tanh"), 0), exactly(z[:, None]))
    assert np.allclose(found.phi.mid[:, 0, 0], np.tanh(z), rtol=1e-14, atol=0)
    assert np.allclose(found.bend.mid[:, 0, 0], -2 * np.tanh(z) * (1 - np.tanh(z) ** 2), rtol=1e-14, atol=0)


def test_a_saddle_of_the_output_weight_without_decay_is_listed() -> None:
    """At ``W = 0`` without decay the Hessian of v is 0: v does not follow θ, and the box around the point must not be long in v."""
    land = landscape_of(hidden(1, 0, bias="none"))
    tree = search_tree(land, np.full(2, 3.0), TreeBudget(20_000))
    assert tree.complete
    assert orbit_of(land, tree, np.zeros(2)) < 1e-12


def same(one: Tree, other: Tree) -> bool:
    return one.codes == other.codes and np.array_equal(one.points, other.points) and np.array_equal(one.radii, other.radii)


@pytest.mark.parametrize("stops", [(1,), (3, 5, 2), (7, 1, 1, 1, 20)])
def test_a_search_goes_on_from_where_it_was(stops: tuple[int, ...], monkeypatch: pytest.MonkeyPatch) -> None:
    """Interrupted in the middle of levels, several times, it ends with the same tree."""
    monkeypatch.setattr(search, "BATCH", 64)
    land = landscape_of(hidden(1, "1/200", "far"))
    whole, kept = search_tree(land, land.bounds()), list[Settled]()
    settle_boxes = settling.settle_boxes
    for stop in stops:
        calls = itertools.count()

        def interrupted(*args: Any, calls: Iterator[int] = calls, stop: int = stop) -> Any:
            if next(calls) == stop:
                raise KeyboardInterrupt
            return settle_boxes(*args)

        monkeypatch.setattr(settling, "settle_boxes", interrupted)
        tree = search_tree(land, land.bounds(), begin=kept[-1] if kept else None, keep=kept.append)
        assert tree.ended == search.INTERRUPT
        assert len(tree.codes) == tree.boxes < whole.boxes
    monkeypatch.setattr(settling, "settle_boxes", settle_boxes)
    again = search_tree(land, land.bounds(), begin=kept[-1])
    assert again.complete
    assert again.settled == pytest.approx(1)
    assert same(again, whole)
    assert same(search_tree(land, land.bounds(), begin=Settled(whole.codes, whole.points, whole.radii, kept[-1].near)), whole)


def test_processes_change_no_tree(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(search, "BATCH", 256)
    monkeypatch.setattr(settling, "_WORTH_A_POOL", 2)
    land = landscape_of(hidden(1, "1/200", "far"))
    assert same(search_tree(land, land.bounds(), workers=2), search_tree(land, land.bounds()))


def test_a_process_that_dies_costs_no_boxes(monkeypatch: pytest.MonkeyPatch) -> None:
    @contextmanager
    def broken(count: int) -> Iterator[Any]:
        done = itertools.count()

        def submit(function: Any, *task: Any) -> Future[Any]:
            future = Future[Any]()
            if next(done) == 3:
                future.set_exception(BrokenProcessPool())
            else:
                future.set_result(function(*task))
            return future

        yield submit

    monkeypatch.setattr(search, "BATCH", 64)
    monkeypatch.setattr(settling, "_WORTH_A_POOL", 2)
    monkeypatch.setattr(settling, "process_pool", broken)
    land = landscape_of(hidden(1, "1/200", "far"))
    assert same(search_tree(land, land.bounds(), workers=2), search_tree(land, land.bounds()))


def test_more_characters_than_boxes_are_no_tree() -> None:
    land = landscape_of(hidden(1, "1/10"))
    none = np.zeros((0, 4))
    with pytest.raises(InputError, match="must end with its leaves"):
        search_tree(land, land.bounds(), begin=Settled("aNNN", none, none, Ball(none, none)))


def test_many_boxes_are_gathered_in_cells_of_a_grid() -> None:
    rng, land = np.random.default_rng(0), landscape_of(hidden(1, "1/10"))
    centre = np.vstack([rng.normal(size=(3000, 2)) * 0.1, 5 + rng.normal(size=(1000, 2)) * 0.1])
    none = np.zeros((0, 4))
    found = clusters(land, Tree(land.bounds(), "", none, none, 4000, 0.0, (centre - 0.01, centre + 0.01), "4,000 boxes"))
    assert sum(part.boxes for part in found) == 4000
    assert found[0].boxes > 2000
    assert all(np.all(part.upper < 2) or np.all(part.lower > 2) for part in found)


@pytest.mark.parametrize("activation", ["tanh", "softplus", "swish:1000", "arctan", "sin"])
@pytest.mark.parametrize("units", [0, 1, 2])
@pytest.mark.parametrize(
    ("inputs", "targets", "rate"),
    [(1.0, 1e150, 0.5), (1e100, 1.0, 0.5), (1.0, 1.0, 1e-25), (1.0, 1.0, 1e25), (5e-324, 1.0, 0.5), (1.0, 1e-200, 0.5)],
)
@pytest.mark.filterwarnings("error")
def test_hostile_landscapes_with_decay_end_with_the_budget(units: int, inputs: float, targets: float, rate: float, activation: str) -> None:
    x, y = np.array([[-1.0], [0.5], [1.0]]) * inputs, np.array([0.25, -1.0, 0.5]) * targets
    land = Landscape(
        np.hstack([x, np.ones((3, 1))]), y, np.full(3 * units + 1 if units else 2, rate), units, activation_named(activation), 1
    )
    for minima in (False, True):
        tree = search_tree(land, land.bounds(), TreeBudget(4_500), minima=minima)
        assert tree.boxes <= 4_500
        assert tree.complete or sum(part.boxes for part in clusters(land, tree)) == len(tree.left[0])
