"""How the command line ends where something goes wrong: in one line on standard error, with an exit code, and never with a traceback."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from math import prod
from typing import Any

import typer
from typer.core import TyperGroup

from lossproof.certificates.commands.option_words import in_options
from lossproof.certificates.commands.options import BAD_INPUT, INTERRUPTED, UNREAD, complain
from lossproof.theory.exceptions import InputError, LossproofError
from lossproof.theory.options import command_line_words

_USAGE_ERROR: type[Exception] = next(kind for kind in typer.BadParameter.__mro__ if kind.__name__ == "ClickException")


class _Unread(Exception):
    """Whoever read the output has gone, as ``head`` does when it has seen enough."""


class OneLineErrors(TyperGroup):
    """Says every error in one line on standard error, and gives it its exit code."""

    def main(self, *args: Any, **kwargs: Any) -> Any:
        """Run, and exit with the code that the outcome deserves."""
        kwargs["standalone_mode"] = False
        try:
            with command_line_words():
                outcome = super().main(*args, **kwargs)
        except _USAGE_ERROR as error:
            _fail(_usage_message(error), BAD_INPUT)
        except LossproofError as error:
            _fail(in_options(str(error)), BAD_INPUT)
        except MemoryError as error:
            _fail(f"the work must fit into memory, got too little of it{_wanted(error)}: take fewer samples or smaller widths", BAD_INPUT)
        except _Unread:
            sys.exit(UNREAD)
        except SystemExit as left:
            sys.exit(UNREAD if isinstance(left.__context__, BrokenPipeError) else left.code)
        except (KeyboardInterrupt, typer.Abort):
            _fail("interrupted; no file was left half-written", INTERRUPTED)
        if outcome == INTERRUPTED:
            _fail("interrupted; no file was left half-written", INTERRUPTED)
        sys.exit(outcome if isinstance(outcome, int) else 0)

    def make_context(self, *args: Any, **kwargs: Any) -> Any:
        """Read the arguments."""
        with _refusals():
            return super().make_context(*args, **kwargs)

    def invoke(self, *args: Any, **kwargs: Any) -> Any:
        """Run the command."""
        with _refusals():
            return super().invoke(*args, **kwargs)


@contextmanager
def _refusals() -> Iterator[None]:
    """Turn what the operating system refuses, such as output to a full disk, into `InputError`, and output that nobody reads into `_Unread`."""
    try:
        yield
    except BrokenPipeError:
        raise _Unread from None
    except OSError as error:
        place = f" for {str(error.filename)[:200]!r}" if error.filename else ""
        raise InputError(
            f"files and standard output must be readable and writable, got {error.strerror or type(error).__name__}{place}: free or choose another place"
        ) from error


def _wanted(error: MemoryError) -> str:
    """Return what numpy could not allocate, which it says by shape and type of an array; nothing for other errors."""
    shape, dtype = getattr(error, "shape", None), getattr(error, "dtype", None)
    if not isinstance(shape, tuple) or dtype is None:
        return ""
    from lossproof.numerics.algebra.memory import gibibytes

    return f" for an array of {gibibytes(prod(shape) * dtype.itemsize)}"


def _usage_message(error: Exception) -> str:
    described = getattr(error, "format_message", None)
    context = getattr(error, "ctx", None)
    command = context.command_path if context is not None else "lossproof"
    return f"{described() if described is not None else error} (see {command} --help)"


def _fail(message: str, code: int) -> None:
    complain(message)
    sys.exit(code)
