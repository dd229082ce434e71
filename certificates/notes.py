"""Notes of a report that first screens have, too."""

from __future__ import annotations

from collections.abc import Iterable


class DataNote(str):
    """A note that says how the samples were read: what the columns are, what stands for a class, how a file was taken.

    >>> DataNote("The target is the column age.").upper()
    'THE TARGET IS THE COLUMN AGE.'
    """

    __slots__ = ()


class AssumedNote(str):
    """A note that says what was assumed about a trained network, as nobody named it.

    >>> AssumedNote("weight decay: 0 (assumed)").upper()
    'WEIGHT DECAY: 0 (ASSUMED)'
    """

    __slots__ = ()


def data_notes(notes: Iterable[str]) -> tuple[str, ...]:
    """Return the notes that say how the samples were read.

    >>> data_notes(["a", DataNote("b")])
    ('b',)
    """
    return tuple(note for note in notes if isinstance(note, DataNote))


def assumed_notes(notes: Iterable[str]) -> tuple[str, ...]:
    """Return the notes that say what was assumed.

    >>> assumed_notes(["a", AssumedNote("b")])
    ('b',)
    """
    return tuple(note for note in notes if isinstance(note, AssumedNote))
