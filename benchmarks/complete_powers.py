"""Complete lists of networks of powers against SymPy, on 100 problems: as many critical points as a Gröbner basis counts.

Run with ``python -m benchmarks.complete_powers``; it rewrites a table of ``docs/benchmarks.md``. The loss is a polynomial in the weights. In the Gröbner
basis of its derivatives and ``t − w_1 − 7 w_2`` stands the polynomial whose roots are the values of t at critical points. If these differ, the real roots
are the real critical points, and SymPy counts them by Sturm's theorem. A hidden unit that can be scaled against its output weight v is looked at with ``v =
1`` and, for even powers, ``v = −1``.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import sympy

import lossproof as lp
from benchmarks.paper_text import markdown_table, write_blocks
from lossproof.numerics.algebra.threads import one_thread
from lossproof.numerics.complete.elimination import is_scaled, orbit
from lossproof.numerics.network.weight_vectors import flat_weights
from lossproof.theory.functions.errors import error_named
from lossproof.theory.problem.architecture import Architecture
from lossproof.theory.problem.decay import Decay
from lossproof.theory.problem.problem import Problem
from lossproof.theory.problem.samples import Samples

PAGE = Path("docs/benchmarks.md")
KINDS = {
    "1-1 square with bias": ("1-1", {"output_activation": "power:2"}, 0),
    "2-1 square": ("2-1", {"output_activation": "power:2", "bias": "none"}, 0),
    "2-1 cube": ("2-1", {"output_activation": "power:3", "bias": "none"}, 0),
    "1-1-1 linear, λ = 1/30": ("1-1-1", {"activation": "identity", "bias": "none"}, "1/30"),
    "1-1-1 square, λ = 1/30": ("1-1-1", {"activation": "power:2", "bias": "none"}, "1/30"),
    "1-1-1 linear with biases, λ = 1/30": ("1-1-1", {"activation": "identity"}, "1/30"),
    "1-1-1 square with biases, up to scale": ("1-1-1", {"activation": "power:2"}, 0),
    "2-1-1 square, up to scale": ("2-1-1", {"activation": "power:2", "bias": "none"}, 0),
    "2-1-1 cube, up to scale": ("2-1-1", {"activation": "power:3", "bias": "none"}, 0),
    "3-1 square": ("3-1", {"output_activation": "power:2", "bias": "none"}, 0),
}
"""For each kind: widths, activations and bias, and the rate of weight decay."""


def problems(kind: str, count: int = 10) -> Iterator[Problem]:
    """Yield random problems of a kind with four samples."""
    widths, options, decay = KINDS[kind]
    rng, a = np.random.default_rng(sum(map(ord, kind))), Architecture.of(widths, **options)
    for _ in range(count):
        X = [[int(x) for x in row] for row in rng.integers(-3, 4, (4, a.widths[0]))]
        Y = [[f"{int(y)}/2" for y in row] for row in rng.integers(-3, 9, (4, a.n_L))]
        yield Problem(a, error_named("squared"), Samples.of(X, Y), None, Decay.of(decay, a))


def real_solutions(problem: Problem) -> int | None:
    """Return the number of critical points, up to scale, or None where they are a continuum."""
    a = problem.architecture
    W, loss, m = sympy.symbols(f"w:{a.N_net}"), sympy.Integer(0), a.fan_in(1)
    for x, y in zip(problem.samples.X, problem.samples.Y, strict=True):
        row = [*(sympy.Rational(str(c)) for c in x), *[sympy.Integer(1)] * a.bias_rows_of(1)]
        unit = sum(w * c for w, c in zip(W[:m], row, strict=True)) ** (a.activation_of(1).degree or 1)
        output = unit * W[m] + sum(W[m + 1 :]) if a.L > 1 else unit
        loss += (output - sympy.Rational(str(y[0]))) ** 2
    rates = [0] * a.N_net if problem.decay is None else problem.decay.rates(a)
    loss += sum(sympy.Rational(str(rate)) * problem.T * w**2 for rate, w in zip(rates, W, strict=True))
    if not is_scaled(problem):
        return _real_zeros([sympy.diff(loss, w) for w in W], W)
    free = [w for w in W if w != W[m]]
    counts = [
        _real_zeros([sympy.diff(loss, w).subs(W[m], v) for w in free], free) for v in (1, -1)[: 2 - (a.activation_of(1).degree or 1) % 2]
    ]
    return None if None in counts else sum(count for count in counts if count is not None)


def _real_zeros(system: Sequence[sympy.Expr], W: Sequence[sympy.Symbol]) -> int | None:
    t = sympy.Symbol("t")
    basis = sympy.groebner([*system, t - sum(7**k * w for k, w in enumerate(W))], *W, t, order="grevlex")
    return int(sympy.Poly(basis.fglm("lex").exprs[-1], t).sqf_part().count_roots()) if basis.is_zero_dimensional else None


def compare(kind: str) -> list[str]:
    """Return the row of a kind of problem."""
    proved = listed = exact = apart = continua = 0
    times = [0.0, 0.0]
    widths, options, decay = KINDS[kind]
    for problem in problems(kind):
        begin = time.process_time()
        found = lp.find_critical_points(widths, problem.samples.X, problem.samples.Y, complete=True, weight_decay=decay, **options)
        times[0] += time.process_time() - begin
        begin = time.process_time()
        wanted = real_solutions(problem)
        times[1] += time.process_time() - begin
        continua += wanted is None and "continuum" in found.complete.reason
        if found.is_complete:
            count = sum(len(np.unique(orbit(problem, flat_weights(problem, point.weights)) + 0.0, axis=0)) for point in found)
            proved, listed, exact, apart = proved + 1, listed + count, exact + (wanted or 0), apart + (count != wanted)
    return [kind, "10", f"{proved}", f"{continua}", f"{listed}", f"{exact}", f"{apart}", *(f"{seconds:.1f}" for seconds in times)]


def main() -> None:
    """Compare, and rewrite the table."""
    headings = ["problems", "how many", "PROVED", "a continuum", "points and images", "by SymPy", "disagree", "lists, s", "SymPy, s"]
    with one_thread():
        write_blocks(PAGE, {"complete-powers": markdown_table(headings, [compare(kind) for kind in KINDS])})


if __name__ == "__main__":
    main()
