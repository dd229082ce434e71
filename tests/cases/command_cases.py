"""The command line as the tests call it."""

from __future__ import annotations

from typer.testing import CliRunner

from lossproof.certificates.commands.main import app


def run(*arguments: object, code: int = 0) -> tuple[str, str]:
    """Run the command line and return what it printed on both streams."""
    result = CliRunner().invoke(app, [str(argument) for argument in arguments])
    assert result.exit_code == code, result.output
    return result.stdout, result.stderr


def fail(*arguments: object) -> str:
    """Run with bad input and return the one line on standard error."""
    out, err = run(*arguments, code=2)
    assert out == ""
    assert err.count("\n") == 1
    assert err.startswith("lossproof: ")
    return err
