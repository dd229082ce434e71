"""Zoo: deep linear networks, whose saddles may have a Hessian without any negative eigenvalue."""

from __future__ import annotations

from lossproof.theory.zoo.entry import Exact, Layers, Rows, ZooEntry, ZooPoint

_I: Rows = ((1, 0), (0, 1))
_ZERO: Rows = ((0, 0), (0, 0))
_KAWAGUCHI = (
    "Kawaguchi (NeurIPS 2016): in a deep linear network every local minimum is global and every other critical point is a saddle, but with three layers "
    "or more there are saddles whose Hessian has no negative eigenvalue."
)


def _diagonal(first: Exact, second: Exact) -> Rows:
    return ((first, 0), (0, second))


def _layers(*matrices: Rows) -> Layers:
    return tuple((W, None) for W in matrices)


LINEAR = (
    ZooEntry(
        name="linear-2",
        title="A linear network with two layers: every saddle is strict",
        literature=(
            "Baldi and Hornik (Neural Networks 2, 1989): with two layers every critical point that is no global minimum is a saddle; Kawaguchi (NeurIPS 2016): "
            "its Hessian has a negative eigenvalue."
        ),
        shows="Networks that learned none, or only one, of the two directions of the data are saddles, by their Hessian.",
        widths="2-2-2",
        X=_I,
        Y=_diagonal(2, 1),
        points=(
            ZooPoint(_layers(_ZERO, _ZERO), "saddle", "all weights 0"),
            ZooPoint(_layers(_diagonal(0, 1), _diagonal(0, 1)), "saddle", "only the weaker direction is learned"),
            ZooPoint(_layers(_diagonal(1, 0), _diagonal(2, 0)), "saddle", "only the stronger direction is learned"),
            ZooPoint(_layers(_I, _diagonal(2, 1)), "global", "an exact learner"),
        ),
        activation="identity",
        bias="none",
    ),
    ZooEntry(
        name="linear-3",
        title="A linear network with three layers: a saddle whose Hessian is 0",
        literature=_KAWAGUCHI,
        shows="At W = 0 the Hessian is the zero matrix, and the loss falls with the third power of t: a monkey saddle.",
        widths="2-2-2-2",
        X=_I,
        Y=_diagonal(1, 2),
        points=(
            ZooPoint(_layers(_ZERO, _ZERO, _ZERO), "higher-order-descent", "all weights 0"),
            ZooPoint(_layers(_I, _I, _diagonal(1, 2)), "global", "an exact learner"),
        ),
        activation="identity",
        bias="none",
    ),
    ZooEntry(
        name="linear-4",
        title="A linear network with four layers: degenerate saddles of order four",
        literature=_KAWAGUCHI,
        shows=(
            "At W = 0 the Hessian is 0, and the loss falls with the fourth power of t. Where one direction is learned already, the Hessian is positive "
            "semidefinite and not 0, and the loss falls with the fourth power too."
        ),
        widths="2-2-2-2-2",
        X=_I,
        Y=_diagonal(1, 2),
        points=(
            ZooPoint(_layers(_ZERO, _ZERO, _ZERO, _ZERO), "higher-order-descent", "all weights 0"),
            ZooPoint(
                _layers(_diagonal(0, 1), _diagonal(0, 1), _diagonal(0, 1), _diagonal(0, 2)),
                "higher-order-descent",
                "only the stronger direction is learned",
            ),
            ZooPoint(_layers(_diagonal(0, 1), _diagonal(0, 1), _ZERO, _ZERO), "saddle", "two layers learned one direction, two are 0"),
            ZooPoint(_layers(_I, _I, _I, _diagonal(1, 2)), "global", "an exact learner"),
        ),
        activation="identity",
        bias="none",
    ),
)
