"""The zoo: known loss landscapes, each with its literature and what is proved about it."""

from __future__ import annotations

from types import MappingProxyType

from lossproof.theory.exceptions import InputError
from lossproof.theory.names import nearest_name
from lossproof.theory.shown import shown
from lossproof.theory.zoo.complete import COMPLETE
from lossproof.theory.zoo.decayed_neurons import DECAYED_NEURONS
from lossproof.theory.zoo.embedded import EMBEDDED
from lossproof.theory.zoo.entry import ZooEntry
from lossproof.theory.zoo.linear import LINEAR
from lossproof.theory.zoo.minima import MINIMA
from lossproof.theory.zoo.neurons import NEURONS
from lossproof.theory.zoo.relu import RELU
from lossproof.theory.zoo.xor import XOR

_BY_NAME = MappingProxyType(
    {entry.name: entry for entry in (*XOR, *NEURONS, *MINIMA, *COMPLETE, *DECAYED_NEURONS, *EMBEDDED, *LINEAR, *RELU)}
)


def zoo_entries() -> tuple[ZooEntry, ...]:
    """Return every entry of the zoo, in reading order.

    >>> [entry.name for entry in zoo_entries() if entry.theorem]
    ['separable-neuron', 'separable-logistic']
    """
    return tuple(_BY_NAME.values())


def zoo_entry(name: str) -> ZooEntry:
    """Return the entry with this name; raises `InputError` with the nearest known one.

    >>> zoo_entry("XOR_2-2-1").problem.architecture.N_net
    9
    >>> zoo_entry("auer2")
    Traceback (most recent call last):
        ...
    lossproof.theory.exceptions.InputError: unknown zoo entry 'auer2': did you mean 'auer-2'?
    """
    found = _BY_NAME.get(str(name).strip().lower().replace("_", "-"))
    if found is None:
        raise InputError(f"unknown zoo entry {shown(name)}{nearest_name(name, _BY_NAME)}")
    return found
