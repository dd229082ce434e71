"""``lossproof diff``: which claims of two certificates differ, after the kernel has accepted both."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from lossproof.certificates.commands.options import DIFFERENT, Json, Quiet, at_most_one, print_json
from lossproof.theory.exceptions import InputError

if TYPE_CHECKING:
    from lossproof.certificates.proof.verification import VerifiedStep

_FACTS = 3
"""Facts that a line about a changed claim names."""


def compare_files(
    first: Annotated[Path, typer.Argument(metavar="A.json", help="A certificate.")],
    second: Annotated[Path, typer.Argument(metavar="B.json", help="Another one.")],
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Say which claims of two certificates differ, one line each.

    Both are checked by the kernel first, and its conclusions are compared: + stands before what B alone proves, - before what A alone proves, ~ before a
    claim whose verdict, rigor or facts have changed. Points are compared by their weights, not by their numbers. The exit code is 1 where anything differs, and
    2 where a certificate does not hold.
    """
    at_most_one({"--json": as_json, "--quiet": quiet})
    (digest_a, a), (digest_b, b) = _read(first), _read(second)
    lines = [] if digest_a == digest_b else [f"The problems differ: digest {digest_a[:16]}… and {digest_b[:16]}…"]
    lines += differences(a, b)
    if as_json:
        print_json({"equal": not lines, "differences": lines})
    elif not quiet:
        typer.echo("\n".join(lines) if lines else "No claim differs.")
    if lines:
        raise typer.Exit(DIFFERENT)


def differences(a: Mapping[tuple[str, str], Sequence[VerifiedStep]], b: Mapping[tuple[str, str], Sequence[VerifiedStep]]) -> Iterator[str]:
    """Yield a line for each claim that differs; the claims of both certificates by statement and place, as the kernel derived them."""
    for key in dict.fromkeys((*a, *b)):
        left, right = list(a.get(key, ())), list(b.get(key, ()))
        for step in list(left):
            same = next((other for other in right if _content(other) == _content(step)), None)
            if same is not None:
                left.remove(step)
                right.remove(same)
        paired = min(len(left), len(right))
        yield from (f"~ {_named(old)}: {_change(old, new)}" for old, new in zip(left, right, strict=False))
        yield from (f"- {_named(step)}: {_verdict(step)}" for step in left[paired:])
        yield from (f"+ {_named(step)}: {_verdict(step)}" for step in right[paired:])


def _read(path: Path) -> tuple[str, dict[tuple[str, str], list[VerifiedStep]]]:
    """Return the digest of the problem, and the claims by statement and place, a point being its weights. Raises `InputError` for a certificate that fails."""
    from lossproof.certificates.proof.verify import verify

    result = verify(path)
    if not result.ok or result.digest is None:
        raise InputError(
            f"both certificates must hold, got {str(path)[:200]!r}, which is rejected ({result.failures[0]}): see lossproof verify"
        )
    points = json.loads(path.read_bytes())["points"]
    found: dict[tuple[str, str], list[VerifiedStep]] = {}
    for step in result.claims:
        at = step.conclusion["at"]
        place = json.dumps(points[at], sort_keys=True) if isinstance(at, int) else str(at)
        found.setdefault((step.conclusion["statement"], place), []).append(step)
    return result.digest, found


def _content(step: VerifiedStep) -> tuple[str, str, Any]:
    """Return what a claim says besides its place; the number of a point within its facts is left out."""
    return (step.conclusion["verdict"], step.rigor.value, _facts(step))


def _facts(step: VerifiedStep) -> dict[str, Any]:
    return {key: value for key, value in step.conclusion["facts"].items() if key != "point"}


def _named(step: VerifiedStep) -> str:
    return f"{step.conclusion['statement']} – {step.place}"


def _verdict(step: VerifiedStep) -> str:
    return f"{step.conclusion['verdict']} ({step.rigor.value})"


def _change(old: VerifiedStep, new: VerifiedStep) -> str:
    """Return what has changed, the verdict before the facts."""
    parts = [f"{_verdict(old)} → {_verdict(new)}"] if _verdict(old) != _verdict(new) else []
    before, after = _facts(old), _facts(new)
    changed = [key for key in dict.fromkeys((*before, *after)) if before.get(key) != after.get(key)]
    parts += [f"{key} {_brief(before.get(key))} → {_brief(after.get(key))}" for key in changed[:_FACTS]]
    return "; ".join(parts) + (f"; {len(changed) - _FACTS} more facts" if len(changed) > _FACTS else "")


def _brief(value: object) -> str:
    text = "none" if value is None else value if isinstance(value, str) else json.dumps(value)
    return text if len(text) <= 40 else f"{text[:39]}…"
