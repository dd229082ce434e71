"""The pictures of ``docs/guides/complete.md`` and ``docs/complete-maps.md``: complete maps of entries of the zoo.

``python -m benchmarks.complete_pictures`` draws them.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

from PIL import Image

import lossproof as lp

FIGURES = Path(__file__).resolve().parents[1] / "docs" / "figures"
SHOWN = {"complete_plane.png": "decay-neuron", "complete_graph.png": "decay-three-minima", "complete_gelu.png": "decay-gelu-neuron"}


def main() -> None:
    """Draw the pictures, in 256 colours, rare ones among them."""
    for name, entry in ((name, lp.zoo_entry(entry)) for name, entry in SHOWN.items()):
        found = lp.find_critical_points(
            entry.widths, entry.X, entry.Y, activation=entry.activation, output_activation=entry.output_activation, bias=entry.bias,
            weight_decay=entry.weight_decay, complete=True, data_name=f"zoo:{entry.name}",
        )  # fmt: skip
        with tempfile.TemporaryDirectory() as folder:
            picture = Image.open(found.save(Path(folder, name))).convert("RGB")
            picture.resize((picture.width * 2 // 3, picture.height * 2 // 3), Image.Resampling.LANCZOS).quantize(
                256, Image.Quantize.MAXCOVERAGE
            ).save(FIGURES / name, optimize=True)


if __name__ == "__main__":
    main()
