"""The picture of a report in the README: ``python -m benchmarks.report_picture``, where there is Chromium."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from pathlib import Path

from PIL import Image

import lossproof as lp

FIGURE = Path(__file__).resolve().parents[1] / "docs" / "figures" / "report.png"
WIDTH, HEIGHT = 860, 890


def main() -> None:
    """Write the picture: the first screen of the report on XOR, in 64 colours, which is a third of the size."""
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    if chromium is None:
        raise SystemExit("the picture needs Chromium, got none: install it")
    X, Y = [[0, 0], [0, 1], [1, 0], [1, 1]], [[0], [1], [1], [0]]
    with tempfile.TemporaryDirectory() as folder:
        page, shot = Path(folder, "xor.html"), Path(folder, "shot.png")
        lp.check_architecture("2-2-1", X, Y, activation="tanh", data_name="xor").save(page)
        options = ["--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", f"--user-data-dir={folder}/browser"]
        command = [chromium, *options, f"--window-size={WIDTH},{HEIGHT}", f"--screenshot={shot}", page.as_uri()]
        subprocess.run(command, check=True, capture_output=True)
        Image.open(shot).convert("RGB").quantize(64).save(FIGURE, optimize=True)
    print(f"{FIGURE}: {FIGURE.stat().st_size} bytes")


if __name__ == "__main__":
    main()
