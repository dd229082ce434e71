"""Problems that several tests look at."""

from __future__ import annotations

import sympy

XOR_X = [[0, 0], [0, 1], [1, 0], [1, 1]]
XOR_Y = [[0], [1], [1], [0]]
LOG3_HALF = sympy.log(3) / 2


def deficient_xor_weights(c, output_weights, output_bias=0):
    """The witness of principles-suffice: hidden columns (-2c, 0, c), (0, -2c, c) and, for a third unit, (0, 0, c)."""
    zero = 0 * c
    columns = [(-2 * c, zero, c), (zero, -2 * c, c), (zero, zero, c)][: len(output_weights)]
    W_1 = [[column[i] for column in columns] for i in range(2)]
    b_1 = [column[2] for column in columns]
    return [(W_1, b_1), ([[v] for v in output_weights], [output_bias])]
