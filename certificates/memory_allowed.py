"""How much memory a proof may take, and the refusal of what cannot fit."""

from __future__ import annotations

from lossproof.numerics.memory import available_bytes, gibibytes, gram_bytes
from lossproof.theory.exceptions import InputError
from lossproof.theory.problem import Problem

_SMALL = 2**30


def memory_allowed(problem: Problem, max_memory: float | None, *, triangles: int = 1) -> int:
    """Return the bytes that a proof may take: those given, in GiB, or else those that are free.

    ``triangles`` of ``K`` are held at once: one for a proof, two for a step of training. Raises `InputError` for a number that is not positive, and, where
    none is given, for a problem whose proof of full rank cannot fit and cannot be had from the values of the last hidden layer alone.
    """
    if max_memory is not None:
        if isinstance(max_memory, bool) or not isinstance(max_memory, (int, float)) or not 0 < max_memory < 2**40:
            raise InputError(f"max_memory must be a positive number of GiB, got {max_memory!r}: write for example max_memory=4")
        return int(max_memory * 2**30)
    a = problem.architecture
    needed = gram_bytes(a, problem.T, triangles)
    if needed <= _SMALL:
        return _SMALL
    free = available_bytes()
    wide = a.L > 1 and a.fan_in(a.L) >= problem.T
    if needed > free and not wide and problem.columns <= a.N_net:
        raise InputError(
            f"T·n_L = {problem.columns} must leave room for {triangles} triangle{'s' * (triangles > 1)} of K and its factors, {gibibytes(needed)}, "
            f"got {gibibytes(free)} of free memory: take fewer samples, or let check leave what needs more UNDECIDED with max_memory"
        )
    return free
