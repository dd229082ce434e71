"""The limits of what a certificate may ask for: the prover keeps within them, and the kernel refuses what exceeds them.

Work is counted in products of two balls of 64 bits, each about 0.1 µs with what goes with it. What a step asks for is counted before it is done, transcendental
functions included, so that the time of a check is bounded, and what is accepted depends neither on the machine nor on what else it does.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from math import factorial, isqrt

MAX_WORK = 2 * 10**10
"""Work of a certificate: about half an hour."""
MAX_STEP_WORK = 10**10
"""Work of one step."""
MAX_TEXT = 2**28
"""Characters of a certificate."""
MAX_DEPTH = 32
"""Nesting of its objects and lists."""
MAX_NUMBER_TEXT = 5_000
"""Characters of a number."""
MAX_WIDTH = 10**6
"""Units of a layer."""
PRECISIONS = (53, 2**20)
"""Least and largest precision of balls in bits."""
SIGN_PRECISION = 1024
"""Precision at which numbers are told from 0, and from other kinks, where a step names none."""
MAX_BITS = 2**20
"""Bits of numerator or denominator of a rational number computed on the way."""
MAX_SUM_BITS = 2**22
"""The same for a sum, bounded by the denominators of its terms, and for a power."""
MAX_TERMS = 10**5
"""Terms of a polynomial in symbols."""
MAX_EXPONENT = 10**5
"""Exponent of ``u``."""
MAX_DEGREE = 2 * 10**6
"""Degree of a rational function in ``u``."""
MAX_ENTRIES = 2**24
"""Entries of a matrix that is written out, and of the blocks ``Ψ_l(i)`` that it is made of."""
MAX_MINOR = 2**12
"""Rows of a minor, whose entries are written out."""
MAX_ORDER = 24
"""Order of a curve of descent."""
MAX_POLYNOMIAL_DEGREE = 64
"""Degree of a network of powers in the bound of its rank by dimensions, and number of its layers."""
MAX_SIGN_SAMPLES = 16
"""Samples whose patterns of signs are all gone through."""
MAX_GRAM_COLUMNS = 60_000
"""Columns of a Gram matrix that is factored in double precision: one triangle of it takes ``4 n²`` bytes."""
MAX_GRAM_VALUES = 5 * 10**6
"""Values of activations for such a matrix."""
MAX_GRAM_ENTRIES = 2**28
"""Entries of the blocks ``Ψ_l(i)`` for such a matrix: derivatives of each output by the units of all layers; values of activations for that of one layer."""
FEATURE_VALUES = 2**21
"""Values of activations that are held at once in the passes for such a matrix of one layer, some samples after others."""
DOUBLE_PRECISION = 80
"""Precision of the balls in which the values of activations are enclosed for double precision."""
MAX_SINGLE_INTERVALS = 2**12
"""Arguments of an activation over a ball of weights whose intervals are looked at one by one: of more, a checker may lengthen each by 1/8."""
MAX_BATCH = 2 * 10**5
"""Values of units, samples and directions for which products with the Hessian are taken at once."""
PATTERN_WORK = 9 * 10**5
"""Work of one pattern of signs besides its elimination: its passes go residue by residue."""
MAX_HESSIAN_ROWS = 10_000
"""Rows of a Hessian in double precision."""
MAX_EIGENVALUES = 500
"""Weights of a network for which all eigenvalues of the Hessian are told, and not only the least and the largest."""
MAX_INVERSE_COLUMNS = 6_000
"""Columns of a matrix with an approximate left inverse in double precision."""
MAX_INVERSE_ENTRIES = 2**28
"""Entries of such a matrix."""

MAX_COMPLETE_WEIGHTS = 12
"""Weights of a network whose list of critical points is complete."""
MAX_COMPLETE_UNITS = 4
"""Units of its hidden layer."""
MAX_BALANCED = 100
"""Samples of a neuron of which each is taken away from the gradient."""
MAX_COMPLETE_BOXES = 2**22
"""Boxes of a tree that shows it."""
MAX_ALGEBRAIC_WEIGHTS = 12
"""Weights of a network of polynomials whose critical points are found by algebra."""
MAX_ELIMINANT, MAX_ALGEBRAIC_BITS, MAX_CELLS, MAX_ZEROS = 128, 1024, 2**15, 1024
"""Degree of what is eliminated, bits of the coefficients of the gradient, choices of real roots, and complex zeros."""

MAX_FORMS = 64
"""Degree of the forms that the outputs of a network of powers are, where a rank is compared with their number."""


def step_work(L: int) -> int:
    """Return the work of reading a step about a network of L layers, whatever its rule."""
    return 200 + L


def samples_work(T: int, numbers: int) -> int:
    """Return the work of looking at T samples of so many numbers each, without a pass."""
    return 10 * T * numbers


def product_work(bits: int) -> int:
    """Return the work of a product of two balls, or of two numbers of so many bits.

    >>> product_work(64), product_work(1024)
    (2, 17)
    """
    return 1 + bits // 64


def rational_work(bits: int) -> int:
    """Return the work of a product, or of a sum, of two rational numbers of so many bits: that of a common divisor is in it.

    >>> rational_work(64), rational_work(2**20)
    (2, 213005)
    """
    return product_work(bits) * max(1, bits.bit_length() - 8)


def ratio_work(degree: int, bits: int) -> int:
    """Return the work of a sum or a product of rational functions, brought to lowest terms, of a degree and with coefficients of so many bits.

    >>> ratio_work(9, 64), ratio_work(9, 1024)
    (1000, 8500)
    """
    return 50 * (degree + 1) * product_work(bits)


def value_work(bits: int) -> int:
    """Return the work of a transcendental function of a ball.

    >>> value_work(64), value_work(4096)
    (48, 4136)
    """
    return 40 + bits * isqrt(bits) // 64


def flops_work(flops: int) -> int:
    """Return the work of so many operations in double precision, done by BLAS."""
    return flops // 10_000


def pass_work(widths: Sequence[int], T: int, bits: int, passes: int = 1) -> int:
    """Return the work of passes of T samples forward: their products, and once the values of the activations, and weights, samples and targets as balls.

    >>> pass_work((2, 2, 1), 4, 64)
    690
    """
    products = passes * T * _forward(widths) + _forward(widths) + T * (widths[0] + widths[-1])
    return products * product_work(bits) + T * sum(widths[1:]) * value_work(bits)


def constants_work(constants: int, bits: int) -> int:
    """Return the work of so many constants, such as ``log 2``, in the weights as balls; it comes on top of that of a pass.

    >>> constants_work(3, 64)
    288
    """
    return 2 * constants * value_work(bits)


def backward_work(widths: Sequence[int], T: int, bits: int, passes: int = 1) -> int:
    """Return the work of passes backward from the last layer to the first: their products.

    >>> backward_work((2, 2, 1), 4, 64)
    32
    """
    return passes * T * _backward(widths) * product_work(bits)


def jacobian_work(widths: Sequence[int], T: int, bits: int) -> int:
    """Return the work of all matrices ``Ψ_l`` and ``Φ_l``: a pass forward, and one backward for each output, from its derivatives by all ``z_L``.

    >>> jacobian_work((2, 2, 1), 4, 64)
    732
    """
    return pass_work(widths, T, bits) + backward_work(widths, T, bits, widths[-1]) + widths[-1] ** 2 * (T + 1) * product_work(bits)


def error_work(n_L: int, T: int, bits: int, order: int = 0, *, softmax: bool = False) -> int:
    """Return the work of the gradients of the errors as power series up to an order, or of the errors themselves.

    >>> error_work(3, 4, 64), error_work(3, 4, 64, softmax=True)
    (648, 1962)
    """
    outputs, products = (T * n_L**2, n_L**2) if softmax else (T * n_L, 0)
    return (outputs * ((order + 1) ** 2 + 2) + products) * product_work(bits) + outputs * value_work(bits)


def gradient_work(widths: Sequence[int], T: int, bits: int, *, softmax: bool = False) -> int:
    """Return the work of the gradient of the loss.

    >>> gradient_work((2, 2, 1), 4, 64)
    1010
    """
    return (
        pass_work(widths, T, bits)
        + error_work(widths[-1], T, bits, softmax=softmax)
        + T * (_backward(widths) + _forward(widths)) * product_work(bits)
    )


def hessian_work(widths: Sequence[int], T: int, bits: int, directions: int, *, softmax: bool = False) -> int:
    """Return the work of the Hessian times some directions, which are taken in batches: the coefficients of t in the gradient along them.

    >>> hessian_work((2, 2, 1), 4, 64, 9)
    4364
    """
    batches = hessian_batches(widths, T, directions)
    passes = (2 * directions + batches) * T * (2 * _forward(widths) + _backward(widths)) + directions * _forward(widths)
    each = pass_work(widths, T, bits, 0) + error_work(widths[-1], T, bits, 1, softmax=softmax)
    return passes * product_work(bits) + batches * each


def hessian_batches(widths: Sequence[int], T: int, directions: int) -> int:
    """Return the number of batches in which products with the Hessian are taken.

    >>> hessian_batches((2, 2, 1), 10_000, 9)
    3
    """
    return -(-directions // max(1, MAX_BATCH // (T * sum(widths))))


def curvature_work(widths: Sequence[int], T: int, fan_in: Sequence[int]) -> int:
    """Return the work of the Hessian in double precision: one product of its entries and samples, and four of the matrices of each sample.

    ``fan_in`` are the rows of each ``W_l``, that of a trainable bias included.

    What goes through matrices of units, or of inputs, sample by sample without a product takes as long as 1,600 or 480 operations of BLAS an entry.

    >>> curvature_work((10, 20, 1), 4000, (11, 21)) < curvature_work((64, 128, 10), 1797, (65, 129)) < MAX_STEP_WORK
    True
    """
    n = widths[1:]
    N = sum(m * k for m, k in zip(fan_in, n, strict=True))
    samples = sum(k * (before + k) * after for l, (before, k) in enumerate(pairwise(n)) for after in n[: l + 1])
    return flops_work(2 * T * N**2 + 16 * T * (samples + 100 * sum(n) ** 2 + 30 * sum(fan_in) ** 2 + N)) + T * sum(n)


def complete_work(widths: Sequence[int], T: int, boxes: int, points: int, *, whole: bool) -> int:
    """Return the work of a tree of boxes and a list of points: what goes through arrays of many boxes, and the images of all points under the symmetries.

    With ``whole`` and a hidden layer there are matrices of weights and samples.

    >>> complete_work((1, 2, 1), 5, 4 * 10**6, 3, whole=True) < MAX_STEP_WORK
    True
    """
    N, units = sum((n + 1) * m for n, m in pairwise(widths)), sum(widths[1:-1])
    side = N + T if whole and units else N
    images: int = 2**units * factorial(units)
    return boxes * (20 + T * (units + 1) ** 2 + side**2 // 2 + side**3 // 50) + (boxes + 100) * points * images


def table_work(cells: int, order: int) -> int:
    """Return the work of the Taylor coefficients of an activation up to an order, over balls, in so many cells of a table.

    >>> table_work(256, 12)
    1781760
    """
    return cells * (20 * (order + 1) ** 2 * product_work(DOUBLE_PRECISION) + 4 * value_work(DOUBLE_PRECISION))


def eliminants_work(weights: int, degree: int, bits: int) -> int:
    """Return the work of eliminating all but one of some weights, one after the other, up to a degree, from polynomials with coefficients of so many bits.

    >>> eliminants_work(2, 9, 100)
    324000
    """
    return 10 * weights * degree**2 * (bits + 100)


def zeros_work(weights: int, zeros: int, terms: int, bits: int) -> int:
    """Return the work of boxes of so many complex zeros: values of terms of polynomials, Krawczyk's test, and pairs of boxes.

    >>> zeros_work(4, 81, 500, 256)
    3305124
    """
    return zeros * (8 * terms * product_work(bits) + elimination_work(4 * weights, bits)) + weights * zeros**2


def tails_work(weights: int, T: int, bits: int) -> int:
    """Return the work of the signs of the gradient of a neuron far out: exponentials and sums of so many bits for each weight and sample, and pairs of samples.

    >>> tails_work(2, 5, 64)
    3320
    """
    return 4 * weights * T * value_work(64) + 20 * T * (weights + T) * rational_work(bits)


def signs_work(n: int, index: int) -> int:
    """Return the work of the signs of n eigenvalues, ``index`` of them negative, in doubles: a factorisation; two and all eigenvectors where both signs occur.

    >>> signs_work(1000, 0), signs_work(1000, 1)
    (100000, 2000000)
    """
    return flops_work((20 if 0 < index < n else 1) * n**3)


def series_work(widths: Sequence[int], T: int, bits: int, order: int, *, softmax: bool = False) -> int:
    """Return the work of the loss as a power series in t along a curve of weights, up to an order.

    >>> series_work((2, 2, 1), 4, 64, 4)
    2938
    """
    products = order * _forward(widths) + (order + 1) * T * widths[-1]
    errors = error_work(widths[-1], T, bits, order, softmax=softmax)
    return pass_work(widths, T, bits, (order + 1) ** 2) + errors + products * product_work(bits)


def elimination_work(n: int, bits: int) -> int:
    """Return the work of the elimination, the inversion or a product of matrices of n rows."""
    return n**3 * product_work(bits)


def modular_work(rows: int, columns: int) -> int:
    """Return the work of an elimination modulo a prime, done by FLINT.

    >>> modular_work(90, 40)
    1125
    """
    return min(rows, columns) * rows * columns // 128


def residues_work(rows: int, columns: int) -> int:
    """Return the work of a matrix of rational numbers modulo a prime, with an elimination.

    >>> residues_work(90, 40)
    15525
    """
    return 4 * rows * columns + modular_work(rows, columns)


def minor_limit() -> int:
    """Return the most rows of a minor, whose entries are a matrix that is written out.

    >>> minor_limit(), residues_work(minor_limit(), minor_limit()) < MAX_STEP_WORK // 2
    (4096, True)
    """
    return min(MAX_MINOR, isqrt(MAX_ENTRIES))


def gram_work(widths: Sequence[int], T: int) -> int:
    """Return the work of a factorisation of ``K`` in double precision, and of the passes in enclosures before it, from above.

    >>> gram_work((64, 512, 10), 1797) < MAX_STEP_WORK < gram_work((64, 512, 40), 1797)
    True
    """
    n, terms = T * widths[-1], 2 * max(widths) + len(widths) + 8
    products = T * (_forward(widths) + widths[-1] * _backward(widths))
    return flops_work(8 * products + n**3 // 3 + n**2 * terms) + 2 * T * sum(widths[1:]) * value_work(DOUBLE_PRECISION)


def features_work(widths: Sequence[int], T: int, *, shared: bool) -> int:
    """Return the work of a factorisation of ``ΦᵀΦ`` in double precision, Φ the values of the last of these layers, and of the passes before it, from above.

    Where many arguments of smooth activations lie close together, they are ``shared`` among Taylor polynomials.

    >>> features_work((64, 12_000), 10_000, shared=True) < MAX_STEP_WORK < features_work((64, 12_000), 10_000, shared=False)
    True
    """
    return doubles_work(widths, T, shared=shared) + flops_work(T**3 // 3 + T**2 * (widths[-1] + 12))


def doubles_work(widths: Sequence[int], T: int, *, shared: bool) -> int:
    """Return the work of a pass of T samples forward in double precision, some after others, from above; ``shared`` as in `features_work`.

    The last samples may be too few to share: their work is counted in full.

    >>> doubles_work((784, 128), 60_000, shared=False), doubles_work((784, 128), 60_000, shared=True)
    (772823040, 310538240)
    """
    each = 2 * value_work(DOUBLE_PRECISION)
    values = T * sum(widths[1:]) * each
    return flops_work(8 * T * _forward(widths)) + (min(values, values // 8 + FEATURE_VALUES * each) if shared else values)


def inverse_work(widths: Sequence[int], T: int, rows: int) -> int:
    """Return the work of an approximate left inverse of so many rows of ``P`` in double precision, and of the passes in enclosures before it, from above.

    >>> inverse_work((2, 2, 1), 4, 9) - gram_work((2, 2, 1), 4)
    0
    """
    return gram_work(widths, T) + flops_work(12 * rows * (T * widths[-1]) ** 2)


def _forward(widths: Sequence[int]) -> int:
    """Return the products of a pass of one sample forward."""
    return sum((n + 1) * m for n, m in pairwise(widths))


def _backward(widths: Sequence[int]) -> int:
    """Return the products of a pass of one sample backward."""
    return sum((after + 1) * n for n, after in pairwise(widths[1:]))
