"""Problems and points that several tests of the kernel start from."""

from __future__ import annotations

from cases.kernel_draft import XOR_X, XOR_Y, Draft, layer

GENERIC = [layer([["1", "-2"], ["3/2", "1/2"]], ["1/4", "-1/2"]), layer([["1"], ["2"]], ["0"])]
KINKED = [layer([["1", "-2"], ["1", "1"]], ["-1", "1/2"]), layer([["1"], ["2"]], ["0"])]
TWO = [["0"], ["1"]], [["0"], ["1"]]
FULL = {"rank_lower": 4, "rank_upper": 4, "columns": 4}


def xor(*points, **options):
    return Draft((2, 2, 1), XOR_X, XOR_Y, *points, **options)
