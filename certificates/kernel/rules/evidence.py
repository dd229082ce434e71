"""What the rules read of evidence about matrices and weights."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from fractions import Fraction
from typing import Any, TypeAlias

import numpy as np
from flint import arb, fmpq, fmpz, fmpz_mat, nmod, nmod_mat

from lossproof.certificates.kernel.arithmetic.balls import ZERO, ball_precision, not_zero
from lossproof.certificates.kernel.arithmetic.formal import FormalRing
from lossproof.certificates.kernel.arithmetic.inclusion import count_inverse, require_invertible
from lossproof.certificates.kernel.arithmetic.rings import BallRing
from lossproof.certificates.kernel.arithmetic.series import Array
from lossproof.certificates.kernel.network import orbits, passes
from lossproof.certificates.kernel.network.matrices import Matrix
from lossproof.certificates.kernel.network.orbits import at_rest
from lossproof.certificates.kernel.reading import parse as read
from lossproof.certificates.kernel.reading.parse import Rejected, limit, require
from lossproof.certificates.kernel.reading.problem import Problem
from lossproof.certificates.kernel.reading.work import Work
from lossproof.certificates.kernel.rules.step import slope_around
from lossproof.theory import limits


def indices(value: Any, place: str, size: int, least: int = 0) -> list[int]:
    """Return strictly increasing numbers from ``least`` on, ``size`` of which there are; raises `Rejected`."""
    return list(read.increasing(read.each(value, place, read.below(size, least)), place))


def minor(found: Mapping[str, Any], matrix: Matrix) -> tuple[list[int], list[int]]:
    """Return the rows and columns that name a minor of a matrix, not empty; raises `Rejected`."""
    rows = indices(found["rows"], "evidence.rows", matrix.shape[0])
    columns = indices(found["columns"], "evidence.columns", matrix.shape[1])
    require(len(rows) == len(columns) > 0, "evidence.columns", "a minor has as many columns as rows, and one at least")
    limit(len(rows), limits.MAX_MINOR, "the size of a minor")
    return rows, columns


def prime(value: Any) -> int:
    """Return a prime of ``[2^20, 2^62)``; raises `Rejected`."""
    p = read.integer(value, "evidence.prime", 2**20, 2**62 - 1)
    require(bool(fmpz(p).is_prime()), "evidence.prime", f"{p} is not a prime")
    return p


@contextmanager
def no_zero_denominator(place: str) -> Iterator[None]:
    """Turn a division by 0 modulo a prime into a rejection."""
    try:
        yield
    except ZeroDivisionError:
        raise Rejected(place, "evidence", "the prime divides a denominator") from None


def residues(rows: Any, p: int, work: Work) -> nmod_mat:
    """Return a table of rationals and residues modulo a prime.

    Reduction is a ring homomorphism from the rationals whose denominators p does not divide: a minor that is not 0 modulo p is not 0.
    """
    width = len(rows[0])
    limit(len(rows) * width, limits.MAX_ENTRIES, "the number of entries of a table")
    work.spend(4 * len(rows) * width + limits.modular_work(len(rows), width), "elimination modulo a prime")
    with no_zero_denominator("evidence.prime"):
        return nmod_mat(len(rows), width, [x for row in rows for x in row], p)


def residue(p: int, least: int = 0) -> Callable[[Any, str], nmod]:
    """Return a function that reads residues of ``[least, p)``."""
    return lambda value, place: nmod(read.integer(value, place, least, p - 1), p)


def common_denominator(numbers: Iterable[fmpq], most: int, work: Work) -> int:
    """Return the least common denominator of rational numbers, counted as it grows, which may have so many bits; raises `Rejected`."""
    D = fmpz(1)
    for x in numbers:
        D = D.lcm(x.q)
        limit(D.bit_length(), most, "the length of a common denominator in bits")
        work.spend(limits.rational_work(int(D.bit_length())), "a common denominator")
    return int(D)


def factors_to_whole(columns: Sequence[Sequence[fmpq]], work: Work) -> tuple[list[fmpz], int]:
    """Return numbers, one for each column, that make its entries whole, and a bound of the bits that these then have."""
    factors = [fmpz(common_denominator(column, limits.MAX_BITS, work)) for column in columns]
    return factors, max(
        factor.bit_length() + max(x.p.bit_length() for x in column) for factor, column in zip(factors, columns, strict=True)
    )


def whole(columns: Sequence[Sequence[fmpq]], factors: Sequence[fmpz]) -> fmpz_mat:
    """Return the matrix of some columns, each multiplied by its number, which makes it whole."""
    return fmpz_mat([[x.p * (factor // x.q) for x in column] for column, factor in zip(columns, factors, strict=True)]).transpose()


def total(numbers: Iterable[fmpq], work: Work) -> fmpq:
    """Return the sum of rational numbers, counted as it grows; raises `Rejected` if it grows out of hand."""
    found = fmpq(0)
    for x in numbers:
        found += x
        bits = max(found.p.bit_length(), found.q.bit_length())
        limit(bits, limits.MAX_BITS, "the length of a rational number in bits")
        work.spend(limits.rational_work(bits), "sums of rational numbers")
    return found


def relation(value: Any, place: str, problem: Problem, work: Work) -> tuple[fmpq, ...]:
    """Return numbers k, one for each sample, with ``Σ k_i x_i = 0``; raises `Rejected`."""
    k = read.each(value, place, read.rational, problem.T)
    obeyed = all(total((q * x for q, x in zip(k, column, strict=True)), work) == 0 for column in zip(*problem.X, strict=True))
    require(obeyed, place, "the inputs do not obey the relation")
    return k


def reduced_vectors(value: Any, place: str, size: int, entry: Callable[[Any, str], Any] = read.rational) -> list[list[Any]]:
    """Return vectors in reduced form: last non-zero entries at increasing indices, where all others are 0, and 1 if rational. So they are independent."""
    limit(size * len(read.items(value, place)), limits.MAX_ENTRIES, "the number of entries of the vectors")
    vectors = [[*v] for v in read.rows(value, place, entry, None, size)]
    last = [max((n for n, x in enumerate(v) if x != 0), default=-1) for v in vectors]
    for k, n in enumerate(last):
        require(n >= 0, f"{place}[{k}]", "a vector is 0")
        require(k == 0 or last[k - 1] < n, place, "the last non-zero indices must increase")
        require(all(v[n] == 0 for v in vectors[k + 1 :]), place, f"index {n} must be 0 in all vectors but one")
        require(not isinstance(vectors[k][n], fmpq) or vectors[k][n] == 1, f"{place}[{k}][{n}]", "the last non-zero entry must be 1")
    return vectors


def orbit_groups(problem: Problem, work: Work) -> list[tuple[list[int], list[fmpq]]]:
    """Return groups of samples with numbers ρ: their outputs are ρ times one vector, for all weights; samples whose output is always 0 are left out.

    At an output activation other than the identity only equal inputs go together, with ρ = 1.
    """
    identity, groups = problem.output_activation.is_identity, dict[Any, tuple[list[int], list[fmpq]]]()
    for i, orbit in enumerate(found := orbits.orbits(problem)):
        factor = (fmpq(0) if orbit.sign == 0 else orbit.over(found[orbit.first])) if identity else fmpq(1)
        work.spend(limits.rational_work(int(max(factor.p.bit_length(), factor.q.bit_length()))), "scales of outputs")
        if factor != 0:
            members, factors = groups.setdefault(orbit.first if identity else problem.X[i], ([], []))
            members.append(i)
            factors.append(factor)
    return list(groups.values())


def form_of_unit(rates: Sequence[fmpq], G: Array) -> Array:
    """Return ``[[Λ, G], [Gᵀ, κ]]``, with the rates of the incoming weights of a unit and then of its outgoing ones on the diagonal."""
    M, m = np.full((len(rates),) * 2, ZERO, dtype=object), len(G)
    np.fill_diagonal(M, rates)
    M[:m, m:], M[m:, :m] = G, G.T
    return M


Sides: TypeAlias = "Sequence[tuple[Any, ...]]"
"""What each unit of a hidden layer is on at each sample: a slope, or anything else where it is on its kink."""


def slopes_of_units(problem: Problem, z: Array, layer: int = 1) -> list[tuple[Fraction | None, ...]]:
    """Return for each unit of a layer its slopes at all samples, from their z: 0 at rest, None where z is not seen inside of an affine piece.

    At rest any slope would serve, as there z moves with no weight.
    """
    rest, record = at_rest(problem, layer), problem.activation_of(layer)
    return [tuple(Fraction(0) if i in rest else slope_around(record, [x]) for i, x in enumerate(unit)) for unit in z.T]


def gauge(ring: FormalRing, problem: Problem, found: Mapping[str, Any], box: passes.Box, sides: Sides | None = None) -> list[int]:
    """Return the indices ``fixed``: first one incoming weight, not 0, of every hidden unit, then all of output 0; either part may be missing.

    The first part is about the units of all hidden layers with a homogeneous activation and without fixed biases, the second about softmax with two outputs
    or more and the identity at the output. That an irrational weight is not 0 is seen in balls, of which the ring takes note. With weight decay neither is a
    symmetry. There the first part are pairs, weights held and units, whose rotations `_turned` checks; and for softmax, where the biases of the outputs have
    the rate 0, one number may be added to them all: that of output 0 may be held, and its component vanishes with the others.
    """
    place, listed = "evidence.fixed", read.items(found["fixed"], "evidence.fixed")
    require(not (listed and problem.frozen), place, "beside frozen layers no symmetry moves weights")
    turns = [x for x in listed if type(x) is list] if problem.decay is not None else []
    fixed = [read.integer(n, f"{place}[{m}]", 0, problem.N_net - 1) for m, n in enumerate(listed[len(turns) :], start=len(turns))]
    last = list(range(problem.below(problem.L), problem.below(problem.L) + problem.fan_in(problem.L)))
    softmax = problem.error.family == "softmax" and problem.n_L >= 2 and problem.output_activation.is_identity
    if problem.decay is not None:
        shift = softmax and problem.biases[-1] == "trainable" and problem.decay[-1][1] == 0 and fixed == last[-1:]
        require(shift or not fixed, place, "with weight decay only the bias of output 0 may be held, for softmax where that rate is 0")
        ring.used_balls |= bool(turns)
        return [*_turned(ring.work, problem, listed[: len(turns)], box, sides), *fixed]
    scalings = fixed[: -len(last)] if softmax and fixed[-len(last) :] == last else fixed
    if scalings:
        units = [(l, a) for l in problem.scaled_layers for a in range(problem.widths[l])]
        every = len(scalings) == len(units)
        require(
            every,
            place,
            "one incoming weight of every hidden unit that can be scaled is expected, then perhaps all of output 0 for softmax",
        )
        for n, (l, a) in zip(scalings, units, strict=True):
            row = n - problem.below(l) - a * problem.fan_in(l)
            right = 0 <= row < problem.widths[l - 1] and not_zero(ring.embed(box.point.layers[l - 1][0][row][a]))
            require(right, place, f"an incoming weight of unit {a} of layer {l} that is not 0 is expected, not parameter {n}")
    return fixed


def _turned(work: Work, problem: Problem, turns: Sequence[Any], box: passes.Box, sides: Sides | None) -> list[int]:
    r"""Return the weights n of pairs ``[n, j]``: n leads into a unit k, and J does not change where k and j, of one layer, are rotated, near the box.

    Let the two units have one slope s(i) at each sample, all over the box, on pieces whose lines meet in the origin: their z lie inside of them, but at samples
    at rest, where z and σ(z) are 0. Let ``M_k`` hold the incoming weights of k, its bias, which is not fixed, and its outgoing weights. Near the box all that
    comes from the two is ``Σ_j s(i) (w_j·φ̃(i)) v_j``, and their penalty is ``½ Σ_a ρ_a (M_ja² + M_ka²)``, as the rates ρ are those of layers. The rotations of
    ``(M_j, M_k)`` by small angles change neither. So their field R, ``M_k`` at the weights of j and ``−M_j`` at those of k, has ``R·∇J = 0`` all over the box.

    Where all components of ``∇J`` but the held ones vanish, these are annihilated by the matrix of the R at the weights held, and vanish if it is invertible; a
    shift of logits has the entry 1 at its own, and 0 at these, as do the R there. At such a point the R are independent, so its images by all products of
    the rotations by small angles, in a fixed order, form a manifold, of their number as dimension (with a shift one more), of critical points of equal loss.

    Where ``sides`` are given, they are the slopes of lines that the units follow there, and the same of J with these lines.
    """
    place, known, held, pairs = "evidence.fixed", dict[int, Sides](), list[int](), list[list[list[int]]]()
    limit(len(turns), limits.MAX_MINOR, "the number of rotations")
    with ball_precision(limits.SIGN_PRECISION):
        ring = BallRing(work, limits.SIGN_PRECISION)
        M = passes.weight_vector(ring, problem, box)
        for m, entry in enumerate(turns):
            here, (n, j) = f"{place}[{m}]", read.items(entry, f"{place}[{m}]", 2)
            n = read.integer(n, f"{here}[0]", held[-1] + 1 if held else 0, problem.below(problem.L) - 1)
            l = next(l for l in range(problem.L, 0, -1) if problem.below(l) <= n)
            record = problem.hidden[l - 1]
            units = read.integer(j, f"{here}[1]", 0, problem.widths[l] - 1), (n - problem.below(l)) // problem.fan_in(l)
            if l not in known:
                ring.count(problem.T * problem.widths[l], 0)
                known[l] = slopes_of_units(problem, passes.layer_inputs(ring, problem, box, l), l) if sides is None else sides
            first, second = (known[l][u] for u in units)
            right = record.homogeneity == 1 and problem.biases[l - 1] != "fixed" and units[0] != units[1]
            require(right and None not in first and first == second, here, "two units that have one slope at each sample are needed")
            held.append(n)
            pairs.append([problem.weights_of_unit(l, u) for u in units])
        count_inverse(work, len(held))
        fields = [{**dict(zip(j, M[k], strict=True)), **dict(zip(k, -M[j], strict=True))} for j, k in pairs]
        if held:
            require_invertible([[field.get(n, arb(0)) for n in held] for field in fields], place)
    return held
