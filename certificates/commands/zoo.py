"""``lossproof zoo``: list known landscapes, prove one of them now, or write the page and the certificates of all."""

from __future__ import annotations

import shlex
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from lossproof.certificates.commands.options import OUTPUT_HELP, Json, Quiet, SelfCheck, at_most_one, print_json
from lossproof.theory.exceptions import InputError

if TYPE_CHECKING:
    from lossproof.certificates.zoo.prove import ZooProof

_OUTPUT_HELP = f"{OUTPUT_HELP} With --all a folder for the certificates of all entries."


def show_zoo(
    name: Annotated[str | None, typer.Argument(metavar="[NAME]", help="An entry, such as auer-3; without it all are listed.")] = None,
    every: Annotated[bool, typer.Option("--all", help="Prove all entries; -o FOLDER writes their certificates.")] = False,
    output: Annotated[list[Path] | None, typer.Option("--output", "-o", metavar="FILE", help=_OUTPUT_HELP)] = None,
    markdown: Annotated[Path | None, typer.Option(metavar="FILE", help="Prove all entries and write the page of the zoo, as .md.")] = None,
    self_check: SelfCheck = True,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Show the zoo of known loss landscapes: what the literature says, and what is proved.

    Everything is proved when it is asked for; the exit code is 1 if a proof gives something else than the entry says.
    """
    at_most_one({"--json": as_json, "--quiet": quiet})
    if name is not None and (every or markdown is not None):
        raise InputError(
            f"an entry must be named alone, got {name!r} together with {'--all' if every else '--markdown'}: leave out one of them"
        )
    if name is not None:
        proofs = [_prove_one(name, output or [], self_check=self_check, quiet=quiet or as_json)]
    elif every or markdown is not None:
        proofs = _prove_all(output or [], markdown, every=every, self_check=self_check, quiet=quiet or as_json)
    else:
        _list(output or [], quiet=quiet, as_json=as_json)
        return
    if as_json:
        from lossproof.certificates.zoo.as_dict import proof_as_dict

        found = [proof_as_dict(proof) for proof in proofs]
        print_json(found if name is None else found[0])
    if any(proof.differences for proof in proofs):
        raise typer.Exit(1)


def _list(output: list[Path], *, quiet: bool, as_json: bool) -> None:
    if output:
        raise InputError(
            f"-o must come with an entry or with --all, got {str(output[0])!r} alone: name an entry, such as lossproof zoo auer-3 -o auer-3.html"
        )
    from lossproof.certificates.zoo.as_dict import entry_as_dict
    from lossproof.certificates.zoo.text import list_entries
    from lossproof.theory.zoo.registry import zoo_entries

    if as_json:
        print_json([entry_as_dict(entry) for entry in zoo_entries()])
    elif not quiet:
        typer.echo(list_entries())
        typer.echo("\nProve one with: lossproof zoo NAME (with -o FILE for its certificate)")


def _prove_one(name: str, output: list[Path], *, self_check: bool, quiet: bool) -> ZooProof:
    from lossproof.certificates.commands.output_files import files_written, plan_outputs, write_outputs
    from lossproof.certificates.commands.terminal import progress_bar, show, text_width
    from lossproof.theory.zoo.registry import zoo_entry

    entry = zoo_entry(name)
    outputs = plan_outputs(output, [])
    from lossproof.certificates.zoo.prove import prove_entry
    from lossproof.certificates.zoo.text import render_proof

    with progress_bar(quiet=quiet) as progress:
        proof = prove_entry(entry, progress=progress, self_check=self_check)
    write_outputs(proof.report, outputs)
    if not quiet:
        show(render_proof(proof, text_width()))
        command = f"lossproof zoo {shlex.quote(entry.name)} -o {shlex.quote(entry.name)}.html"
        typer.echo("\n" + files_written(outputs, command))
    return proof


def _prove_all(output: list[Path], markdown: Path | None, *, every: bool, self_check: bool, quiet: bool) -> list[ZooProof]:
    from lossproof.certificates.commands.terminal import progress_bar
    from lossproof.certificates.files import check_place, replace_file
    from lossproof.certificates.zoo.prove import prove_entry
    from lossproof.certificates.zoo.text import render_page
    from lossproof.theory.zoo.registry import zoo_entries

    folder = _folder(output, every=every)
    if markdown is not None and check_place(markdown).suffix.lower() != ".md":
        raise InputError(f"the page must end in .md, got {str(markdown)!r}: name it for example zoo.md")
    proofs = []
    with progress_bar(quiet=quiet) as progress:
        for number, entry in enumerate(zoo_entries()):
            if progress is not None:
                progress(entry.name, number, len(zoo_entries()))
            proofs.append(prove_entry(entry, self_check=self_check))
    if folder is not None:
        for proof in proofs:
            proof.save(folder / f"{proof.entry.name}.json")
    if markdown is not None:
        replace_file(markdown, render_page(proofs))
    if not quiet:
        typer.echo("\n".join(_summary(proofs, folder, markdown)))
    return proofs


def _folder(output: list[Path], *, every: bool) -> Path | None:
    """Return the folder that ``-o`` names. Raises `InputError` when it names several, or none that exists."""
    if not output:
        return None
    if not every or len(output) > 1:
        got = f"{len(output)} of them" if every else "no --all"
        raise InputError(f"-o must name one folder, together with --all, got {got}: write lossproof zoo --all -o FOLDER")
    if not output[0].is_dir():
        raise InputError(f"-o must name a folder that exists with --all, got {str(output[0])!r}: create it first")
    return output[0]


def _summary(proofs: Iterable[ZooProof], folder: Path | None, markdown: Path | None) -> list[str]:
    from lossproof.certificates.zoo.text import proved_in_short

    lines = []
    for proof in proofs:
        lines.append(f"{proof.entry.name}: {'; '.join(proof.differences) or proved_in_short(proof.entry)}")
    lines += [f"Certificates: {folder}"] if folder is not None else []
    return lines + ([f"Page: {markdown}"] if markdown is not None else [])
