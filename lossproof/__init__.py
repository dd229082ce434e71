"""Proofs, not impressions, about the loss landscape of a multilayer perceptron."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lossproof.certificates.check_architecture import check_architecture
    from lossproof.certificates.check_model import check_model
    from lossproof.certificates.claims import Claim, RankBound
    from lossproof.certificates.report import Report
    from lossproof.certificates.verification import Verification, verify
    from lossproof.theory.activations import Activation, activation_named
    from lossproof.theory.architecture import Architecture
    from lossproof.theory.error_functions import ErrorFunction, error_named
    from lossproof.theory.exceptions import InputError, LossproofError
    from lossproof.theory.problem import Problem
    from lossproof.theory.samples import Samples
    from lossproof.theory.statements import Statement, all_statements, statement_named
    from lossproof.theory.verdicts import Rigor, Scope, Verdict
    from lossproof.theory.weights import Weights

__version__ = "0.1.0"

_HOME = {
    "check_architecture": "certificates.check_architecture",
    "check_model": "certificates.check_model",
    "Claim": "certificates.claims",
    "RankBound": "certificates.claims",
    "Report": "certificates.report",
    "Verification": "certificates.verification",
    "verify": "certificates.verification",
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
}

__all__ = [
    "Activation",
    "Architecture",
    "Claim",
    "ErrorFunction",
    "InputError",
    "LossproofError",
    "Problem",
    "RankBound",
    "Report",
    "Rigor",
    "Samples",
    "Scope",
    "Statement",
    "Verdict",
    "Verification",
    "Weights",
    "activation_named",
    "all_statements",
    "check_architecture",
    "check_model",
    "error_named",
    "statement_named",
    "verify",
]


def __getattr__(name: str) -> Any:
    """Load a public name when it is first used, so that ``import lossproof`` stays fast."""
    if name not in _HOME:
        raise AttributeError(f"module 'lossproof' has no attribute {name!r}")
    return getattr(import_module(f"lossproof.{_HOME[name]}"), name)


def __dir__() -> list[str]:
    return sorted([*__all__, "__version__"])
