"""The problem of one cell of a sweep, and its proof by the ordinary prover."""

from __future__ import annotations

from fractions import Fraction

from lossproof.certificates.claims import Claim, RankBound
from lossproof.certificates.full_rank_claims import best_generic_point, claim_full_rank_generic
from lossproof.certificates.proof_context import ProofContext
from lossproof.numerics.candidate_points import random_weights
from lossproof.numerics.sweep_samples import sweep_inputs
from lossproof.theory.architecture import Architecture
from lossproof.theory.error_functions import error_named
from lossproof.theory.problem import Problem
from lossproof.theory.samples import Samples

_PRECISION = 256


def cell_problem(architecture: Architecture, T: int, seed: int) -> Problem:
    """Return the problem of a cell: the first ``T`` inputs of the seed, targets 0 (no statement about ranks looks at them), squared error."""
    targets = ((Fraction(0),) * architecture.n_L,) * T
    return Problem(architecture, error_named("squared"), Samples(sweep_inputs(architecture.widths[0], T, seed), targets))


def cell_context(architecture: Architecture, T: int, seed: int) -> ProofContext:
    """Return the context in which the ordinary prover decides a cell."""
    problem = cell_problem(architecture, T, seed)
    return ProofContext(problem, [random_weights(problem, seed)], seed, _PRECISION)


def prove_by_prover(architecture: Architecture, T: int, seed: int) -> tuple[Claim, RankBound | None, RankBound]:
    """Return the claim `full-rank` almost everywhere, and the best bounds of ``rank P``: at some ``W`` (or None), and at every ``W``."""
    context = cell_context(architecture, T, seed)
    claim = claim_full_rank_generic(context)
    return claim, *best_generic_point(context)
