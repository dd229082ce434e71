"""Entries of the zoo, and what was proved about them, as plain data for programs."""

from __future__ import annotations

from typing import Any

from lossproof.certificates.reports.as_dict import summary_as_dict
from lossproof.certificates.zoo.record import ZooRecord
from lossproof.theory.zoo.entry import ZooEntry


def entry_as_dict(entry: ZooEntry) -> dict[str, Any]:
    """Return an entry as dicts, lists, strings and numbers: what ``lossproof zoo --json`` prints of each.

    Keys: ``name``, ``title``, ``literature``, ``shows``, ``widths``, ``activation``, ``output_activation``, ``error``, ``bias``, ``weight_decay``, ``theorem``
    (null without), ``complete``, and ``points``, a list of ``kind`` and ``suboptimal``.

    >>> from lossproof.theory.zoo.registry import zoo_entry
    >>> entry_as_dict(zoo_entry("auer-2"))["points"][0]
    {'kind': 'strict-minimum', 'suboptimal': False}
    """
    plain = ("name", "title", "literature", "shows", "widths", "activation", "output_activation", "error", "bias")
    return {
        **{name: getattr(entry, name) for name in plain},
        "weight_decay": str(entry.weight_decay),
        "theorem": entry.theorem or None,
        "complete": entry.complete,
        "points": [{"kind": point.kind, "suboptimal": point.suboptimal} for point in entry.points],
    }


def proof_as_dict(proof: ZooRecord) -> dict[str, Any]:
    """Return what was proved about an entry: ``entry``, ``differences`` between the proofs and what the entry says, and ``report`` as `summary_as_dict`.

    >>> from lossproof.certificates.zoo.prove import prove_entry
    >>> found = proof_as_dict(prove_entry("separable-neuron"))
    >>> found["entry"]["name"], found["differences"], found["report"]["conclusion"]
    ('separable-neuron', [], 'PROVED')
    """
    return {"entry": entry_as_dict(proof.entry), "differences": list(proof.differences), "report": summary_as_dict(proof.report)}
