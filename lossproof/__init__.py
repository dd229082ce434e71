"""Proofs, not impressions, about the loss landscape of a multilayer perceptron."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lossproof.certificates.check_architecture import check_architecture
    from lossproof.certificates.check_model import check_model
    from lossproof.certificates.claims import Claim, RankBound
    from lossproof.certificates.find_critical_points import find_critical_points, prove_points
    from lossproof.certificates.landscape_map import CriticalPoint, LandscapeMap
    from lossproof.certificates.report import Report
    from lossproof.certificates.sweep import sweep
    from lossproof.certificates.sweep_cells import SweepCell
    from lossproof.certificates.sweep_result import SweepResult
    from lossproof.certificates.train import train
    from lossproof.certificates.verification import Verification, verify
    from lossproof.certificates.zoo import ZooProof, prove_entry
    from lossproof.numerics.convergence_order import ConvergenceOrder, convergence_order
    from lossproof.numerics.training_records import History, Training
    from lossproof.theory.activations import Activation, activation_named
    from lossproof.theory.architecture import Architecture
    from lossproof.theory.error_functions import ErrorFunction, error_named
    from lossproof.theory.exceptions import InputError, LossproofError
    from lossproof.theory.problem import Problem
    from lossproof.theory.samples import Samples
    from lossproof.theory.statements import Statement, all_statements, statement_named
    from lossproof.theory.verdicts import Rigor, Scope, Verdict
    from lossproof.theory.weights import Weights
    from lossproof.theory.zoo_entry import ZooEntry
    from lossproof.theory.zoo_registry import zoo_entries, zoo_entry

__version__ = "0.1.0"

_HOME = {
    "check_architecture": "certificates.check_architecture",
    "check_model": "certificates.check_model",
    "Claim": "certificates.claims",
    "RankBound": "certificates.claims",
    "find_critical_points": "certificates.find_critical_points",
    "prove_points": "certificates.find_critical_points",
    "CriticalPoint": "certificates.landscape_map",
    "LandscapeMap": "certificates.landscape_map",
    "Report": "certificates.report",
    "sweep": "certificates.sweep",
    "SweepCell": "certificates.sweep_cells",
    "SweepResult": "certificates.sweep_result",
    "train": "certificates.train",
    "Verification": "certificates.verification",
    "verify": "certificates.verification",
    "prove_entry": "certificates.zoo",
    "ZooProof": "certificates.zoo",
    "ConvergenceOrder": "numerics.convergence_order",
    "convergence_order": "numerics.convergence_order",
    "History": "numerics.training_records",
    "Training": "numerics.training_records",
    "Activation": "theory.activations",
    "activation_named": "theory.activations",
    "Architecture": "theory.architecture",
    "ErrorFunction": "theory.error_functions",
    "error_named": "theory.error_functions",
    "InputError": "theory.exceptions",
    "LossproofError": "theory.exceptions",
    "Problem": "theory.problem",
    "Samples": "theory.samples",
    "Statement": "theory.statements",
    "all_statements": "theory.statements",
    "statement_named": "theory.statements",
    "Rigor": "theory.verdicts",
    "Scope": "theory.verdicts",
    "Verdict": "theory.verdicts",
    "Weights": "theory.weights",
    "ZooEntry": "theory.zoo_entry",
    "zoo_entries": "theory.zoo_registry",
    "zoo_entry": "theory.zoo_registry",
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
