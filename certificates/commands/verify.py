"""``lossproof verify``: certificates checked by the kernel, one file or many, or standard input."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from lossproof.certificates.commands.options import BAD_INPUT, REJECTED, Json, Quiet, at_most_one, complain, print_json
from lossproof.certificates.files import check_place, replace_file
from lossproof.theory.exceptions import InputError

if TYPE_CHECKING:
    from lossproof.certificates.proof.verification import Verification, VerifiedStep

_STANDARD_INPUT = "-"
_FILES_HELP = "Certificates, as `lossproof check -o` writes them; - is standard input."
_CODE_HELP = "Write what of the kernel's code the accepted steps rest on, to be read from the first line to the last."
_ENGINE_HELP = "What keeps the factors of large matrices: numpy (in memory), disk, disk:FOLDER, auto; torch, cuda, jax, cupy, dask, which multiply, too."


def verify_files(
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help=_FILES_HELP)],
    allow_cited: Annotated[bool, typer.Option("--cited/--no-cited", help="Accept steps that rest on published theorems.")] = True,
    code: Annotated[Path | None, typer.Option(metavar="FILE", help=_CODE_HELP)] = None,
    engine: Annotated[str, typer.Option(metavar="NAME", help=_ENGINE_HELP)] = "numpy",
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Re-check certificates with the small independent kernel.

    All are checked, also after one that is rejected (exit code 1) or cannot be read (exit code 2).
    """
    from lossproof.certificates.commands.terminal import busy

    at_most_one({"--json": as_json, "--quiet": quiet})
    if sum(str(file) == _STANDARD_INPUT for file in files) > 1:
        raise InputError("- must be given at most once, got it twice: standard input is read to its end")
    if code is not None and check_place(code).resolve() in {file.resolve() for file in files}:
        raise InputError(f"{str(code)!r} must not replace a certificate, got the same file for both: choose another name for --code")
    results: list[tuple[Path, Verification]] = []
    unread = 0
    for file in files:
        try:
            with busy(f"checking {file}", quiet=quiet):
                result = _verified(file, allow_cited=allow_cited, engine=engine)
        except InputError as error:
            if len(files) == 1:
                raise
            complain(str(error))
            unread += 1
            continue
        results.append((file, result))
        if not (as_json or quiet):
            _show(file, result)
    if code is not None:
        _write_code(code, [result for _, result in results], quiet=as_json or quiet)
    if as_json:
        print_json([_plain(file, result) for file, result in results])
    if unread or not all(result.ok for _, result in results):
        raise typer.Exit(BAD_INPUT if unread else REJECTED)


def _write_code(path: Path, results: Sequence[Verification], *, quiet: bool) -> None:
    """Write the code that all accepted steps rest on."""
    from lossproof.certificates.commands.terminal import show
    from lossproof.certificates.proof.trusted_code import trusted_code

    found = trusted_code({step.rule for result in results for step in result.steps})
    replace_file(path, found.text)
    if not quiet:
        show(f"{found} They are in {path}.")


def _verified(file: Path, *, allow_cited: bool, engine: str) -> Verification:
    from lossproof.certificates.proof.verify import verify

    if str(file) != _STANDARD_INPUT:
        return verify(file, allow_cited=allow_cited, engine=engine)
    if sys.stdin is None or sys.stdin.closed:
        raise InputError("a certificate must come from standard input, got none, as it is closed: give the path of a .json file")
    return verify(sys.stdin.buffer, allow_cited=allow_cited, engine=engine)


def _show(file: Path, result: Verification) -> None:
    from lossproof.certificates.commands.terminal import show

    if result.ok:
        trusted = [f"  {result.trusted}"] if result.trusted else []
        show(
            "\n".join(
                [f"[ACCEPTED] {file}: {len(result.claims)} claims, {len(result.steps)} steps", *trusted, *map(_accepted, result.claims)]
            )
        )
        return
    standing = [f"  {len(result.steps)} steps stand without them."] if result.steps else []
    show("\n".join([f"[REJECTED] {file}", *(f"  {failure}" for failure in result.failures), *standing]))


def _accepted(step: VerifiedStep) -> str:
    claim = step.conclusion
    return f"  [{claim['verdict']}] {claim['statement']} – {step.place} ({step.rigor.value})"


def _plain(file: Path, result: Verification) -> dict[str, Any]:
    """Return what came of a check as plain data; places, facts and verdicts are those that the kernel derived."""
    return {
        "file": str(file),
        "ok": result.ok,
        "digest": result.digest,
        "steps": len(result.steps),
        **({"engine": result.engine} if result.engine else {}),
        "claims": [{"step": step.step, "rigor": step.rigor.value, **step.conclusion} for step in result.claims],
        "failures": [{"place": failure.place, "code": failure.code, "message": failure.message} for failure in result.failures],
    }
