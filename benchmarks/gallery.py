"""The gallery, ``docs/gallery.md``: programs of ``examples/`` with what they print and draw. ``python -m benchmarks.gallery`` runs them and writes it."""

from __future__ import annotations

import ast
import subprocess
import sys
import tempfile
from pathlib import Path

from PIL import Image

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "gallery.md"
FIGURES = ROOT / "docs" / "figures"
SHOWN = {
    "xor": ("XOR", ()),
    "thin_set": ("The thin set where P loses rank", ("thin_set.png",)),
    "deficient_weights": ("Full-rank weights, and P of rank 3", ()),
    "saddle_without_curvature": ("A descent that no straight line shows", ("descent.png",)),
    "trained_model": ("A trained model", ("trained_model.png",)),
    "digits": ("A hundred digits", ("digits.png",)),
    "phase_of_minima": ("Numbers of minima, proved", ("phase_of_minima.png",)),
    "sweep": ("A phase diagram", ("rank_by_width.png",)),
}
"""Headings and pictures of the programs, in their order."""
_HEAD = """# Gallery

Programs of `examples/` with what they print and draw, each a few seconds, but a minute for the numbers of minima. This page is written by
`python -m benchmarks.gallery`; a test runs every program and compares what it prints.
"""


def section(name: str, printed: str) -> str:
    """Return the part of the page about a program: the first words of its docstring, its pictures, code and output."""
    heading, pictures = SHOWN[name]
    source = (ROOT / "examples" / f"{name}.py").read_text(encoding="utf-8")
    told = ast.get_docstring(ast.parse(source)) or ""
    code = source[source.index('"""', 3) + 3 :].strip()
    images = "".join(f"![{heading}](figures/{picture})\n\n" for picture in pictures)
    return f"## {heading}\n\n{told}\n\n{images}`examples/{name}.py`\n\n```py\n{code}\n```\n\nIt prints\n\n```\n{printed.strip()}\n```\n"


def run(name: str) -> str:
    """Run a program in a folder of its own, keep its pictures in 128 colours, and return what it printed."""
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run(
            [sys.executable, str(ROOT / "examples" / f"{name}.py")],
            cwd=folder,
            capture_output=True,
            text=True,
            encoding="utf-8",
            check=True,
        )
        for picture in SHOWN[name][1]:
            Image.open(Path(folder, picture)).convert("RGB").quantize(128).save(FIGURES / picture, optimize=True)
    return done.stdout


def main() -> None:
    """Write the page and its pictures."""
    PAGE.write_text("\n".join([_HEAD, *(section(name, run(name)) for name in SHOWN)]), encoding="utf-8")
    print(f"{PAGE}: {len(SHOWN)} programs")


if __name__ == "__main__":
    main()
