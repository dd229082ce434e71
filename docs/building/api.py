"""The page of all public names, in groups: a directive of autodoc for each, which reads signature and docstring."""

from __future__ import annotations

import lossproof

GROUPS = {
    "Deciding": ("check_architecture", "check_model", "Report", "Claim", "RankBound"),
    "Certificates": ("verify", "Verification"),
    "Critical points": ("find_critical_points", "prove_points", "LandscapeMap", "CriticalPoint"),
    "Training": ("train", "Training", "History", "convergence_order", "ConvergenceOrder"),
    "Sweeps": ("sweep", "SweepResult", "SweepCell"),
    "The zoo": ("zoo_entries", "zoo_entry", "prove_entry", "ZooEntry", "ZooProof"),
    "The theory": ("all_statements", "statement_named", "Statement", "Verdict", "Scope", "Rigor"),
    "Problems": ("Architecture", "Samples", "Weights", "Problem", "Activation", "activation_named", "ErrorFunction", "error_named"),
    "Errors": ("LossproofError", "InputError"),
}


def page() -> str:
    """Return the page. Raises `LookupError` for a public name without a group, or a name that is not public."""
    grouped = [name for names in GROUPS.values() for name in names]
    if sorted(grouped) != sorted(lossproof.__all__):
        raise LookupError(f"docs/building/api.py must group every public name: {set(grouped) ^ set(lossproof.__all__)}")
    parts = ["# API\n\nEvery name of `lossproof`, as in `import lossproof as lp`. Names that are not here may change."]
    for heading, names in GROUPS.items():
        parts += [f"## {heading}", *(_directive(name) for name in names)]
    return "\n\n".join(parts) + "\n"


def _directive(name: str) -> str:
    kind = "autoclass" if isinstance(getattr(lossproof, name), type) else "autofunction"
    options = "\n:members:" if kind == "autoclass" else ""
    return f"### {name}\n\n```{{eval-rst}}\n.. {kind}:: lossproof.{name}{options.replace(chr(10), chr(10) + '   ')}\n```"
