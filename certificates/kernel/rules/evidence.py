"""What the rules read of evidence about matrices and weights."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import pairwise
from typing import Any

from flint import fmpq, fmpz, fmpz_mat, nmod, nmod_mat

from lossproof.certificates.kernel.arithmetic.balls import not_zero
from lossproof.certificates.kernel.arithmetic.formal import FormalRing
from lossproof.certificates.kernel.network import orbits
from lossproof.certificates.kernel.network.matrices import Matrix
from lossproof.certificates.kernel.reading import parse as read
from lossproof.certificates.kernel.reading.parse import Rejected, limit, require
from lossproof.certificates.kernel.reading.problem import Point, Problem
from lossproof.certificates.kernel.reading.work import Work
from lossproof.theory import limits


def indices(value: Any, place: str, size: int, least: int = 0) -> list[int]:
    """Return strictly increasing numbers from ``least`` on, ``size`` of which there are; raises `Rejected`."""
    found = [read.integer(k, f"{place}[{n}]", least, least + size - 1) for n, k in enumerate(read.items(value, place))]
    require(all(a < b for a, b in pairwise(found)), place, "indices must increase strictly")
    return found


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


def chosen_residues(value: Any, place: str, p: int, length: int, least: int = 0) -> list[nmod]:
    """Return residues of ``[least, p)`` that the evidence names, so many of them; raises `Rejected`."""
    return [nmod(read.integer(x, f"{place}[{k}]", least, p - 1), p) for k, x in enumerate(read.items(value, place, length))]


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
    listed = [read.items(v, f"{place}[{k}]", size) for k, v in enumerate(read.items(value, place))]
    limit(size * len(listed), limits.MAX_ENTRIES, "the number of entries of the vectors")
    vectors = [[entry(x, f"{place}[{k}][{n}]") for n, x in enumerate(v)] for k, v in enumerate(listed)]
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


def gauge(ring: FormalRing, problem: Problem, found: Mapping[str, Any], point: Point) -> list[int]:
    """Return the indices ``fixed``: first one incoming weight, not 0, of every hidden unit, then all of output 0; either part may be missing.

    The first part is about the units of all hidden layers with a homogeneous activation and without fixed biases, the second about softmax with two outputs
    or more and the identity at the output. That an irrational weight is not 0 is seen in balls, of which the ring takes note. With weight decay neither is a
    symmetry; but for softmax, where the biases of the outputs have the rate 0, one number may be added to them all: that of output 0 may be held, and its
    component vanishes with the others.
    """
    place = "evidence.fixed"
    fixed = [read.integer(n, f"{place}[{m}]", 0, problem.N_net - 1) for m, n in enumerate(read.items(found["fixed"], place))]
    last = list(range(problem.below(problem.L), problem.below(problem.L) + problem.fan_in(problem.L)))
    softmax = problem.error.family == "softmax" and problem.n_L >= 2 and problem.output_activation.is_identity
    if problem.decay is not None:
        shift = softmax and problem.biases[-1] == "trainable" and problem.decay[-1][1] == 0 and fixed == last[-1:]
        require(shift or not fixed, place, "with weight decay only the bias of output 0 may be held, for softmax where that rate is 0")
        return fixed
    scalings = fixed[: -len(last)] if softmax and fixed[-len(last) :] == last else fixed
    if scalings:
        units = [(l, a) for l in problem.scaled_layers for a in range(problem.widths[l])]
        require(
            len(scalings) == len(units),
            place,
            "one incoming weight of every hidden unit with a scaling symmetry, then perhaps all of output 0 for softmax",
        )
        for n, (l, a) in zip(scalings, units, strict=True):
            row = n - problem.below(l) - a * problem.fan_in(l)
            right = 0 <= row < problem.widths[l - 1] and not_zero(ring.embed(point.layers[l - 1][0][row][a]))
            require(right, place, f"an incoming weight of unit {a} of layer {l} that is not 0 is expected, not parameter {n}")
    return fixed
