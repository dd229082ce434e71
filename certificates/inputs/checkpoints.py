"""The weights in a checkpoint, which holds them among other things that belong to a training."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lossproof.theory.exceptions import InputError

_USUAL = ("state_dict", "model_state_dict", "model")
_MOST_NAMED = 5


def weights_in(held: Mapping[Any, Any]) -> tuple[Mapping[Any, Any], str]:
    """Return the weights that a mapping holds and the name that they have in it, or the mapping itself and no name where it is no checkpoint.

    A checkpoint has, beside other entries, one that is a ``state_dict``: a mapping of names such as ``fc.weight``. Of several, the one with the name
    ``state_dict``, ``model_state_dict`` or ``model`` is taken. Raises `InputError` where none of several has one of these.

    >>> weights_in({"epoch": 3, "net": {"fc.weight": 1}}), weights_in({"fc.weight": 1})
    (({'fc.weight': 1}, 'net'), ({'fc.weight': 1}, ''))
    """
    found = {str(key): value for key, value in held.items() if isinstance(value, Mapping) and any(_is_weight(name) for name in value)}
    if not found or any(_is_weight(name) for name in held):
        return held, ""
    usual = next((name for name in _USUAL if name in found), None)
    if usual is None and len(found) > 1:
        listed = ", ".join(map(repr, list(found)[:_MOST_NAMED]))
        raise InputError(f"a checkpoint must hold the weights of one network, got {listed}: give the one that you ask about")
    name = usual or next(iter(found))
    return found[name], name


def _is_weight(name: Any) -> bool:
    return isinstance(name, str) and name.endswith(".weight")
