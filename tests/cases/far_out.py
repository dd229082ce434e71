"""Networks whose weights, values or losses lie far out in the range of balls and doubles: widths, activations, error, samples, weights."""

from __future__ import annotations

FAR_OUT = {
    "slopes with exponents beyond 64 bits": (
        (1, 3, 3), "silu", "identity", "smooth-l1", [[-1.5], [-0.25], [1.5]], [[-0.25, -0.25, -0.375], [-0.125, -0.5, 0.75], [0.375, 0.0, -0.25]],
        [([[1.07e28, 1.05e28, -1.78e28]], [0.291, -0.368, -0.186]),
         ([[-6.79e8, -1.03e9, 1.96e9], [3.66e8, 1.41e9, -3.88e8], [-2e9, 1.23e8, 3.71e8]], [1.31, -0.456, -0.413])],
    ),
    "a loss with an exponent beyond all fractions": (
        (3, 3, 1), "elu", "power:2", "blake-zisserman", [[0.986, 2.67, -1.12], [0.308, 0.727, 0.5], [3.0, -0.394, -1.5]], [[0.125], [0.125], [-0.375]],
        [([[-6.99e6, -9.5e7, 1.16e8], [1.5e8, -6.22e7, 2.25e7], [-8.87e7, 2.57e7, -7.05e7]], [-0.311, 1.03, -0.682]),
         ([[1.7e12], [1.59e12], [-1.54e13]], [0.387])],
    ),
    "an output known to half of its range": (
        (2, 2, 3), "sin", "sigmoid", "smooth-l1", [[0.0311, -1.24]], [[0.25, -0.125, 0.25]],
        [([[2.45e22, 1.06e21], [-1e22, 6.3e21]], [-0.675, -0.642]),
         ([[6.36e11, 3.22e11, -7.01e11], [4.13e11, -1.25e12, -2.8e11]], [-0.36, -0.422, 0.996])],
    ),
    "a component of the gradient known to one digit": (
        (1, 3, 2), "power:1", "tanh", "blake-zisserman", [[1.17], [0.481]], [[0.75, 0.875], [-0.5, 0.5]],
        [([[16.6, -4.07, 4.46]], [1.24, -0.514, 0.567]),
         ([[-7.84e15, 5.27e16], [-4.21e16, -1.34e17], [9.59e16, 1.06e16]], [0.325, 0.16])],
    ),
    "logits that are far apart": (
        (1, 2, 2), "bent-identity", "identity", "softmax", [[-4.0], [-0.946]], [[0.0, 1.0], [1.0, 0.0]],
        [([[4.73, 173.0]], [0.381, -0.115]), ([[3.83e14, -5e13], [8.91e14, -1.22e15]], [0.0648, 0.846])],
    ),
    "outputs beyond the range of the rule singular-value": (
        (3, 2, 1), "relu", "leaky-relu:1/10", "cauchy", [[1.99, -0.5, 1.2], [1.5, -1.29, 3.0], [0.667, 0.417, 3.5]], [[1.0], [0.0], [0.125]],
        [([[1.25e11, 1.79e10], [1.32e11, 1.31e11], [5.31e10, -9.65e10]], None), ([[-1.28e19], [-9.88e18]], None)],
    ),
}  # fmt: skip
