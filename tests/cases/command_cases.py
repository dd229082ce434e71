"""The command line as the tests call it."""

from __future__ import annotations

from functools import cache
from typing import Any

import typer.testing

from lossproof.certificates.commands.main import app

typer.testing._get_command = cache(typer.main.get_command)  # the runner asks for it at every call; it takes as long as a short command runs


def invoke(*arguments: object, **options: Any) -> typer.testing.Result:
    """Run the command line in this process; ``options`` are those of typer's runner."""
    return typer.testing.CliRunner().invoke(app, [str(argument) for argument in arguments], **options)


def run(*arguments: object, code: int = 0) -> tuple[str, str]:
    """Run the command line and return what it printed on both streams."""
    result = invoke(*arguments)
    assert result.exit_code == code, result.output
    return result.stdout, result.stderr


def fail(*arguments: object) -> str:
    """Run with bad input and return the one line on standard error."""
    out, err = run(*arguments, code=2)
    assert out == ""
    assert err.count("\n") == 1
    assert err.startswith("lossproof: ")
    return err
