"""Proofs, not impressions, about the loss landscape of a multilayer perceptron."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lossproof.certificates.checks.check_architecture import check_architecture
    from lossproof.certificates.checks.check_model import check_model
    from lossproof.certificates.maps.find_critical_points import find_critical_points, prove_points
    from lossproof.certificates.maps.map import LandscapeMap
    from lossproof.certificates.maps.record import CriticalPoint
    from lossproof.certificates.proof.nodes import Claim, RankBound
    from lossproof.certificates.proof.verification import Verification
    from lossproof.certificates.proof.verify import verify
    from lossproof.certificates.reports.report import Report
    from lossproof.certificates.sweeps.cells import SweepCell
    from lossproof.certificates.sweeps.result import SweepResult
    from lossproof.certificates.sweeps.sweep import sweep
    from lossproof.certificates.training.train import train
    from lossproof.certificates.zoo.prove import ZooProof, prove_entry
    from lossproof.numerics.training.convergence_order import ConvergenceOrder, convergence_order
    from lossproof.numerics.training.records import History, Training
    from lossproof.theory.exceptions import InputError, LossproofError
    from lossproof.theory.functions.activations import Activation, activation_named
    from lossproof.theory.functions.errors import ErrorFunction, error_named
    from lossproof.theory.problem.architecture import Architecture
    from lossproof.theory.problem.problem import Problem
    from lossproof.theory.problem.samples import Samples
    from lossproof.theory.problem.weights import Weights
    from lossproof.theory.statements.registry import Statement, all_statements, statement_named
    from lossproof.theory.verdicts import Rigor, Scope, Verdict
    from lossproof.theory.zoo.entry import ZooEntry
    from lossproof.theory.zoo.registry import zoo_entries, zoo_entry

__version__ = "0.2.0"

_HOME = {
    "check_architecture": "certificates.checks.check_architecture",
    "check_model": "certificates.checks.check_model",
    "Claim": "certificates.proof.nodes",
    "RankBound": "certificates.proof.nodes",
    "find_critical_points": "certificates.maps.find_critical_points",
    "prove_points": "certificates.maps.find_critical_points",
    "CriticalPoint": "certificates.maps.record",
    "LandscapeMap": "certificates.maps.map",
    "Report": "certificates.reports.report",
    "sweep": "certificates.sweeps.sweep",
    "SweepCell": "certificates.sweeps.cells",
    "SweepResult": "certificates.sweeps.result",
    "train": "certificates.training.train",
    "Verification": "certificates.proof.verification",
    "verify": "certificates.proof.verify",
    "prove_entry": "certificates.zoo.prove",
    "ZooProof": "certificates.zoo.prove",
    "ConvergenceOrder": "numerics.training.convergence_order",
    "convergence_order": "numerics.training.convergence_order",
    "History": "numerics.training.records",
    "Training": "numerics.training.records",
    "Activation": "theory.functions.activations",
    "activation_named": "theory.functions.activations",
    "Architecture": "theory.problem.architecture",
    "ErrorFunction": "theory.functions.errors",
    "error_named": "theory.functions.errors",
    "InputError": "theory.exceptions",
    "LossproofError": "theory.exceptions",
    "Problem": "theory.problem.problem",
    "Samples": "theory.problem.samples",
    "Statement": "theory.statements.registry",
    "all_statements": "theory.statements.registry",
    "statement_named": "theory.statements.registry",
    "Rigor": "theory.verdicts",
    "Scope": "theory.verdicts",
    "Verdict": "theory.verdicts",
    "Weights": "theory.problem.weights",
    "ZooEntry": "theory.zoo.entry",
    "zoo_entries": "theory.zoo.registry",
    "zoo_entry": "theory.zoo.registry",
}

__all__ = [
    "Activation",
    "Architecture",
    "Claim",
    "ConvergenceOrder",
    "CriticalPoint",
    "ErrorFunction",
    "History",
    "InputError",
    "LandscapeMap",
    "LossproofError",
    "Problem",
    "RankBound",
    "Report",
    "Rigor",
    "Samples",
    "Scope",
    "Statement",
    "SweepCell",
    "SweepResult",
    "Training",
    "Verdict",
    "Verification",
    "Weights",
    "ZooEntry",
    "ZooProof",
    "activation_named",
    "all_statements",
    "check_architecture",
    "check_model",
    "convergence_order",
    "error_named",
    "find_critical_points",
    "prove_entry",
    "prove_points",
    "statement_named",
    "sweep",
    "train",
    "verify",
    "zoo_entries",
    "zoo_entry",
]


def __getattr__(name: str) -> Any:
    """Load a public name when it is first used, so that ``import lossproof`` stays fast."""
    if name not in _HOME:
        raise AttributeError(f"module 'lossproof' has no attribute {name!r}")
    return getattr(import_module(f"lossproof.{_HOME[name]}"), name)


def __dir__() -> list[str]:
    return sorted([*__all__, "__version__"])
