"""Every code block of ``docs/`` runs, page by page and in order, in a fresh folder; what a page shows as printed is what comes."""

from __future__ import annotations

import contextlib
import importlib.util
import io
import warnings

import numpy as np
import pytest
from cases.models_of_readers import write_models
from cases.written_pages import ROOT, blocks_of, commands_of, read_options, run_command, settled
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPRegressor


def arrays_file(**arrays: object) -> bytes:
    """Return a file ``.npz``."""
    stream = io.BytesIO()
    np.savez(stream, **{name: np.array(values) for name, values in arrays.items()})
    return stream.getvalue()


ELSEWHERE = {"docs/architecture.md", "docs/deciding.md"}
"""Pages whose blocks have tests of their own in ``test_documents.py``."""
NEEDS = {"docs/guides/model.md": "torch"}
BEFORE = {
    "docs/command-line.md": (
        "lossproof check 2-2-1 --data xor --activation tanh -o xor.json --quiet",
        "lossproof check 2-1 --data and -o wells.json --quiet",
    )
}
"""What a page takes as given: commands to run before."""
FLOWERS = "length,width,petal length,petal width,species\n" + "".join(f"{k},{k * k % 7},{k % 3},{-k},{'abc'[k % 3]}\n" for k in range(9))
FILES = {
    "flowers.csv": FLOWERS.encode(),
    "messung.csv": b"Druck;Temperatur;Ertrag\n1,5;20;0,5\n2,0;21,5;0,75\n2,5;19;1\n",
    "mine.npz": arrays_file(X=[[0.0, 0.5], [1.0, -0.5], [0.25, 1.0]], Y=[[0.5], [0.25], [-0.5]]),
    "arrays.npz": arrays_file(X_train=[[0.0, 1.0], [1.0, 0.0], [2.0, 1.0]], y_train=[0.0, 1.0, 0.5]),
}
"""Files of the reader's, which are there on every page."""
OF_THE_SHELL = {"lossproof --install-completion", "lossproof --show-completion bash"}
"""Commands that depend on the reader's shell, or change it; ``tests/commands`` has tests of completion."""
LONG = {
    "lossproof check 64-512-10 --data digits --activation tanh --find-weights -o digits.html",
    "lossproof verify digits.json",
    "lossproof map 1-1 --data zoo:auer-3 --output-activation sigmoid --bias none",
    "lossproof sweep --widths '3-{1..10}-1' --samples 1..45 --activation tanh,power:4 --bias none -o sweep.parquet --plot phase.png",
}
"""Commands that take minutes: only their options are read."""
ONNX = importlib.util.find_spec("onnx") is not None
"""Whether the reader's ``net.onnx`` can be made, and read, here; of commands about it only the options are read where not."""
PAGES = sorted(
    name
    for path in (ROOT / "docs").rglob("*.md")
    if (name := str(path.relative_to(ROOT))) not in ELSEWHERE
    and "generated" not in path.parts
    and any(kind in ("sh", "python") for kind, _ in blocks_of(name))
)


def what_a_reader_supplies() -> dict[str, object]:
    """The names that pages leave to their reader: weights of a 2-3-1 network, and a trained model."""
    generator = np.random.default_rng(0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        model = MLPRegressor(hidden_layer_sizes=(3,), activation="tanh", random_state=0, max_iter=20).fit(
            [[0, 0], [0, 1], [1, 0], [1, 1]], [0, 1, 1, 0]
        )
    shapes = {"W_1": (2, 3), "b_1": (3,), "W_2": (3, 1), "b_2": (1,)}
    return {name: generator.normal(size=shape) for name, shape in shapes.items()} | {"torch_sequential_or_sklearn_mlp": model}


def test_pages_were_found():
    assert len(PAGES) >= 10


@pytest.mark.parametrize("page", PAGES)
def test_a_page_works_in_order(page, tmp_path, monkeypatch):
    if page in NEEDS:
        pytest.importorskip(NEEDS[page])
    monkeypatch.chdir(tmp_path)
    for name, content in FILES.items():
        (tmp_path / name).write_bytes(content)
    write_models(tmp_path, onnx=ONNX)
    for command in BEFORE.get(page, ()):
        run_command(command, tmp_path)
    namespace, printed = what_a_reader_supplies(), ""
    for kind, text in blocks_of(page):
        if kind == "python":
            with contextlib.redirect_stdout(io.StringIO()) as out:
                exec(compile(text, page, "exec"), namespace)
            printed += out.getvalue()
        elif kind == "sh":
            for command in commands_of(text):
                if command in LONG or ("net.onnx" in command and not ONNX):
                    read_options(command)
                elif command in OF_THE_SHELL:
                    continue
                else:
                    printed += run_command(command, tmp_path)
        elif kind == "text":
            assert settled(text).strip() in settled(printed), (text, printed)
    checks = CHECKS.get(page)
    if checks is not None:
        checks(namespace)


def training(names: dict) -> None:
    distances = [round(float(d), 1) for d in names["training"].history.log10("distance")]
    assert distances[distances.index(-8.5) :][:5] == [-8.5, -17.6, -36.0, -72.1, -144.9]
    assert names["lp"].convergence_order(names["training"].history).kind == "quadratic"


def critical_points(names: dict) -> None:
    assert [point.kind for point in names["found"]] == ["strict-minimum", "strict-minimum", "maximum"]
    assert names["lp"].verify("wells.json").ok


def sweeps(names: dict) -> None:
    assert (names["cell"].rank, names["cell"].deficiency, names["cell"].verdict) == (20, 10, "REFUTED")


CHECKS = {"docs/training.md": training, "docs/critical-points.md": critical_points, "docs/sweeps.md": sweeps}
"""What the comments of a page say about the names in it."""


def test_long_commands_stand_on_pages_and_their_options_are_read():
    found = {command for page in PAGES for kind, text in blocks_of(page) if kind == "sh" for command in commands_of(text)}
    assert found >= LONG
    for command in LONG:
        with pytest.raises(Exception, match="bogus"):
            read_options(command + " --bogus")


@pytest.mark.parametrize(
    "page", sorted(str(path.relative_to(ROOT)) for path in (ROOT / "docs").rglob("*.md") if "generated" not in path.parts)
)
def test_commands_that_are_only_shown_are_there(page):
    """Blocks without a language are of hours, or of several machines: their options are read, and their modules are found."""
    for command in (command for kind, text in blocks_of(page) if not kind for command in commands_of(text)):
        if command.startswith("lossproof "):
            read_options(command)
        elif command.startswith("python -m "):
            assert importlib.util.find_spec(command.split()[2]) is not None, command


def test_generated_pages_are_complete(monkeypatch):
    """Every statement has a status and, where it is a theorem, a proof; every public name has its group."""
    monkeypatch.syspath_prepend(str(ROOT / "docs"))
    pages = importlib.import_module("building.pages").pages()
    assert pages["statements.md"].count("\n### `") == len(importlib.import_module("lossproof").all_statements())
    assert {"api.md", "statements.md", "contributing.md", "changelog.md"} == set(pages)
