"""How much memory a proof or a training may take, and the refusal of what cannot fit."""

from __future__ import annotations

from lossproof.numerics.algebra.memory import available_bytes, gibibytes, gram_bytes
from lossproof.theory.exceptions import InputError
from lossproof.theory.options import option
from lossproof.theory.problem.architecture import Architecture
from lossproof.theory.problem.problem import Problem
from lossproof.theory.shown import shown

_SMALL = 2**30
_BYTES_OF_A_WEIGHT = 300


def require_memory_for_weights(architecture: Architecture) -> None:
    """Raise `InputError` where the weights alone, as exact numbers, need more memory than is free."""
    needed = _BYTES_OF_A_WEIGHT * architecture.N_net
    if needed > _SMALL and needed > available_bytes():
        raise InputError(
            f"N_net = {architecture.N_net} must leave room for the weights as exact numbers, about {gibibytes(needed)}, "
            f"got {gibibytes(available_bytes())} of free memory: take smaller widths"
        )


def memory_allowed(problem: Problem, max_memory: float | None, *, on_disk: bool = False) -> int:
    """Return the bytes that a proof may take: those given, in GiB, or else those that are free.

    Raises `InputError` for a number that is not positive, and, where none is given, for a problem whose proof of full rank cannot fit and cannot be had
    from the values of the last hidden layer alone; with large matrices ``on_disk`` none is too large.
    """
    if max_memory is not None:
        return _bytes_given(max_memory)
    a, needed = problem.architecture, gram_bytes(problem.architecture, problem.T)
    if needed <= _SMALL:
        return _SMALL
    free = available_bytes()
    wide = a.L > 1 and a.fan_in(a.L) >= problem.T
    if needed > free and not on_disk and not wide and problem.columns <= a.N_net:
        raise _no_room(
            problem,
            1,
            needed,
            free,
            f"take {option('engine', 'disk')}, or let check leave what needs more UNDECIDED with {option('max_memory')}",
        )
    return free


def require_memory_for_training(problem: Problem, max_memory: float | None = None) -> None:
    """Raise `InputError` unless two triangles of ``K``, which a step of training holds, fit into the memory given, in GiB, or else into what is free."""
    needed = gram_bytes(problem.architecture, problem.T, 2)
    allowed = available_bytes() if max_memory is None else _bytes_given(max_memory)
    if needed > allowed:
        raise _no_room(problem, 2, needed, allowed, "train with bp or lbfgs")


def _bytes_given(max_memory: float) -> int:
    if isinstance(max_memory, bool) or not isinstance(max_memory, (int, float)) or not 0 < max_memory < 2**40:
        raise InputError(
            f"{option('max_memory')} must be a positive number of GiB, got {shown(max_memory)}: write for example {option('max_memory', 4)}"
        )
    return int(max_memory * 2**30)


def _no_room(problem: Problem, triangles: int, needed: int, allowed: int, advice: str) -> InputError:
    return InputError(
        f"T·n_L = {problem.columns} must leave room for {triangles} triangle{'s' * (triangles > 1)} of K and its factors, {gibibytes(needed)}, "
        f"got {gibibytes(allowed)} of free memory: take fewer samples, or {advice}"
    )
