"""Certificates made by hand for the rules of the theorem of Newton and Kantorovich."""

from __future__ import annotations

from cases.kernel_cases_critical import near
from cases.kernel_cases_ranks import full
from cases.kernel_draft import EVERYWHERE, Draft, layer

DISTANCE, REACH, TARGET, LEAST = "1/1099511627776", "1/64", "1/2048", "1/8"


def learner_ball(d, sigma, distance=DISTANCE, target_radius="0", name="W*1", point=0, columns=2):
    facts = {"point": point, "distance": distance, "target_radius": target_radius}
    learner = {"learner": name, "rank_lower": columns, **facts}
    return d.claim("learner-ball", "exact-learning", EVERYWHERE, learner, [sigma], {"learner": name, **facts}, "VERIFIED_FLOAT")


def robust(d, learner, radius=TARGET):
    return d.imply("robust-targets", "robust-targets", EVERYWHERE, {"radius": radius}, [learner])


def learner_in_a_ball():
    """A 1-1-1 network near an exact learner of two samples: it exists, for all targets nearby too, and what follows."""
    d = near()
    sigma, morse = d.singular("P", LEAST), d.record("principle-morse", {"error": "squared"})
    found = learner_ball(d, sigma)
    robust(d, learner_ball(d, sigma, REACH, TARGET, "W*2"))
    at = "W*1"
    learner, low, up = (
        d.imply("named-learner", "exact-learner", at, {}, [found]),
        d.lower("rank-regular", "P", 2, at, [found]),
        d.size("P", 2),
    )
    manifold = d.imply("manifold", "manifold", at, {"dimension": 2}, [learner, d.define("full-rank", at, full(2, 2, 2), [low, up])])
    d.define("hessian-rank", at, {"rank_lower": 2, "rank_upper": 2}, [learner, low, up, morse])
    d.imply("ggn", "ggn", at, {"order": 2}, [manifold, morse], "CITED")
    return d.finish()


def learner_by_an_inverse():
    """The same learner, from a bound of the smallest singular value by an approximate inverse, of which the bound of the rank is a part."""
    d = near()
    sigma = d.singular("P", LEAST, method="inverse")
    d.lower("rank-regular", "P", 2, 0, [sigma])
    learner_ball(d, sigma)
    return d.finish()


def without_minimum():
    """Weights of a 1-1-1 network that are far from critical."""
    d = near([layer([["1"]], ["0"]), layer([["2"]], ["1/4"])])
    d.imply("not-stationary", "stationary", 0, {}, [no_minimum(d, "1/64")], verdict="REFUTED")
    return d.finish()


def no_minimum(d, radius, direction=None, at=0):
    """By the gradient, or by a direction along which J curves downwards."""
    facts, evidence = {"radius": radius, "by": "gradient" if direction is None else "curvature"}, {"radius": radius, "direction": direction}
    return d.claim("no-minimum-nearby", "no-minimum-nearby", at, facts, (), evidence, "VERIFIED_FLOAT")


def around_a_saddle():
    """``(vw − 5)²/2`` at 0, 0, where it curves downwards along (1, 1)."""
    d = Draft((1, 1, 1), [["1"]], [["5"]], [layer([["0"]], ["0"]), layer([["0"]], ["0"])], activation="identity", bias="none")
    no_minimum(d, "1", ["1", "1"])
    return d.finish()


KANTOROVICH_CASES = {
    "without_minimum": without_minimum,
    "around_a_saddle": around_a_saddle,
    "learner_in_a_ball": learner_in_a_ball,
    "learner_by_an_inverse": learner_by_an_inverse,
}
