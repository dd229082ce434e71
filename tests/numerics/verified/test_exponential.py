"""The exponential in doubles against Arb at 200 bits."""

from __future__ import annotations

import numpy as np
from flint import arb, ctx

from lossproof.numerics.verified.exponential import enclose_exponential


def arguments():
    g = np.random.default_rng(0)
    edges = np.log(2) * (np.arange(0, 1011) + 0.5)
    near = np.concatenate([edges, np.nextafter(edges, 0), np.nextafter(edges, np.inf), np.log(2) * np.arange(0, 1011)])
    return np.concatenate([[0.0, 5e-324, 2.0**-60, 700.0], near[near <= 700], 10.0 ** g.uniform(-20, 2.8, 3000), g.uniform(0, 3, 3000)])


def test_the_enclosure_contains_the_value_and_is_tight():
    y = arguments()
    e = enclose_exponential(y)
    assert (e.rad <= 2.0**-49 * e.mid + 2.0**-990).all()
    saved = ctx.prec
    try:
        ctx.prec = 200
        errors = [float(abs((-arb(x)).exp() - arb(mid)).upper()) for x, mid in zip(y.tolist(), e.mid.tolist(), strict=True)]
    finally:
        ctx.prec = saved
    assert (np.array(errors) <= 5 * 2.0**-53 * e.mid).all()
    assert (np.array(errors) <= e.rad).all()


def test_far_and_unknown_arguments():
    e = enclose_exponential(np.array([np.nextafter(700.0, 800.0), 1e300, np.inf, np.nan, -1.0, -0.0]))
    assert (e.mid[:3] == 0).all()
    assert (e.rad[:3] == 2.0**-1009).all()
    assert np.isinf(e.rad[3:5]).all()
    assert e.mid[5] == 1
    assert e.rad[5] < 1e-15
    assert enclose_exponential(np.empty((0, 3))).mid.shape == (0, 3)
