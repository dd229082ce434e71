"""The four-region benchmark after Singhal and Wu (1989): four interlocked classes in a square, with exact seeded samples."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from fractions import Fraction
from types import MappingProxyType

from lossproof.theory.exceptions import InputError
from lossproof.theory.names import nearest_name
from lossproof.theory.problem.samples import Samples
from lossproof.theory.shown import shown

HALF_SIDE = 4
RADII = (1, 2, 3)
CLASSES = (1, 2, 3, 4)

_BITS = 16
_ODD_NUMERATORS = 18
_MOST = 1_000_000

_CODINGS: Mapping[str, Callable[[int], tuple[int, ...]]] = MappingProxyType(
    {
        "basis": lambda region: tuple(int(region == k) for k in CLASSES),
        "signs": lambda region: tuple(1 if region == k else -1 for k in CLASSES),
        "number": lambda region: (region,),
    }
)
CODINGS = tuple(_CODINGS)


def region_of(x: Fraction | int, y: Fraction | int) -> int:
    r"""Return the class, 1 to 4, of a point of the square ``(−4, 4)²``.

    The circles of radius 1, 2, 3 around the origin cut the square into a disc, two rings and the rest; the axes cut these into quadrants.
    With ``r² = x² + y²``:

    ==================== ============================== ================================
    part                 quadrants I and IV (``x > 0``)   quadrants II and III (``x ≤ 0``)
    ==================== ============================== ================================
    ``r ≤ 1``            1                              1
    ``1 < r ≤ 2``        2                              1
    ``2 < r ≤ 3``        1                              2
    ==================== ============================== ================================

    and for ``r > 3``: 3 above (quadrants I and II, ``y > 0``), 4 below (``y ≤ 0``). So classes 1 and 2 grip each other like two hooks, classes 3 and 4 are
    the halves of the frame around them, and none of the four is convex.

    This is our reading. The paper (arXiv 1611.05827) gives the square, the three circles and interlocked non-convex classes, and refers to Singhal and Wu
    for the rest. The pattern of half rings that change sides at a circle, inside a frame cut in two, follows the way in which pylearn2's ``FourRegions``
    reads their figure (with circles of 1/6, 1/2 and 5/6 of half the side); the radii are the paper's.

    >>> [region_of(x, 0) for x in (Fraction(1, 2), Fraction(3, 2), Fraction(5, 2), Fraction(7, 2))]
    [1, 2, 1, 4]
    """
    r_squared = x * x + y * y
    if r_squared > RADII[2] ** 2:
        return 3 if y > 0 else 4
    if r_squared <= RADII[0] ** 2:
        return 1
    inner = r_squared <= RADII[1] ** 2
    return 2 if (x > 0) == inner else 1


def four_regions(count: int = 40, seed: int = 0, coding: str = "basis") -> Samples:
    r"""Return ``count`` different points drawn uniformly from ``(−4, 4)²`` with their classes as targets.

    - Coordinates are ``a/2¹⁶`` with ``a`` odd, ``|a| < 2¹⁸``, all equally likely: dyadic rationals that doubles hold exactly. No point lies on an axis, as
      ``a ≠ 0``, or on a circle, as ``a² + b² ≡ 2 (mod 8)`` is never ``r²·2³²``: the rule of `region_of` never has to break a tie.
    - Targets: the unit vectors of R⁴ (``coding="basis"``), vectors of ``±1`` (``"signs"``), or the number of the class (``"number"``, one output).
    - The same ``count`` and ``seed`` give the same samples on every machine; fewer samples with the same seed are the first of them.

    Raises `InputError` for a count outside 1 to 1,000,000, a seed that is no whole number or an unknown coding.

    >>> samples = four_regions(2, seed=0, coding="number")
    >>> [(float(x), float(y)) for x, y in samples.X]
    [(-2.0405426025390625, 3.1873016357421875), (-3.6528167724609375, -2.9455413818359375)]
    >>> [int(row[0]) for row in samples.Y]
    [3, 4]
    """
    if not isinstance(count, int) or isinstance(count, bool) or not 1 <= count <= _MOST:
        raise InputError(f"the number of samples must be a whole number from 1 to {_MOST}, got {shown(count)}: write for example 40")
    if not isinstance(seed, int) or isinstance(seed, bool):
        raise InputError(f"seed must be a whole number, got {shown(seed)}: write for example seed=0")
    if not isinstance(coding, str) or coding not in _CODINGS:
        raise InputError(f"unknown coding {shown(coding)}{nearest_name(coding, CODINGS)}")
    generator, points = random.Random(f"four-regions-{seed}"), dict[tuple[Fraction, Fraction], None]()
    while len(points) < count:
        points[_coordinate(generator), _coordinate(generator)] = None
    targets = [tuple(map(Fraction, _CODINGS[coding](region_of(*point)))) for point in points]
    return Samples(tuple(points), tuple(targets))


def _coordinate(generator: random.Random) -> Fraction:
    return Fraction(2 * generator.getrandbits(_ODD_NUMERATORS) + 1, 2**_BITS) - HALF_SIDE
