"""How a message names an option: as an argument of Python, or as the command line spells it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_FLAGS = {"frozen": "--freeze", "X": "--data"}
_ON_COMMAND_LINE: ContextVar[bool] = ContextVar("on the command line", default=False)


def option(name: str, value: object = None) -> str:
    """Return an option, with a value where one is given, in the words of the face that the user has before him.

    >>> option("max_memory", 4), option("error", "squared"), option("hold_output")
    ('max_memory=4', "error='squared'", 'hold_output')
    >>> with command_line_words():
    ...     option("max_memory", 4), option("error", "squared"), option("hold_output"), option("complete", True)
    ('--max-memory 4', '--error squared', '--hold-output', '--complete')
    """
    if not _ON_COMMAND_LINE.get():
        return name if value is None else f"{name}={value!r}"
    flag = _FLAGS.get(name, f"--{name.replace('_', '-')}")
    return flag if value is None or value is True else f"{flag} {value}"


@contextmanager
def command_line_words() -> Iterator[None]:
    """Let messages within the block name options as the command line spells them."""
    before = _ON_COMMAND_LINE.set(True)
    try:
        yield
    finally:
        _ON_COMMAND_LINE.reset(before)
