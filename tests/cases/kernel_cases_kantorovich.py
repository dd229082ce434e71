"""A certificate made by hand for the rules of the theorem of Newton and Kantorovich."""

from __future__ import annotations

from cases.kernel_draft import EVERYWHERE, Draft, layer

DISTANCE, REACH, TARGET, LEAST = "1/1099511627776", "1/64", "1/2048", "1/8"


def learner_in_a_ball():
    """A 1-1-1 network near an exact learner of two samples: it exists, for all targets nearby too, and what follows."""
    point = [layer([["1"]], ["0"]), layer([["0x1.50231499b6b1ep-1"]], ["1/4"])]
    d = Draft((1, 1, 1), [["0"], ["1"]], [["1/4"], ["3/4"]], point)
    morse = d.claim("principle-morse", "principle-morse", EVERYWHERE, "PROVED", {"error": "squared"})
    learner = d.claim(
        "exact-learning-kantorovich",
        "exact-learning",
        EVERYWHERE,
        "PROVED",
        {"distance": DISTANCE},
        evidence={"point": 0, "distance": DISTANCE},
        rigor="VERIFIED_FLOAT",
    )
    d.claim(
        "robust-targets-kantorovich",
        "robust-targets",
        EVERYWHERE,
        "PROVED",
        {"radius": TARGET},
        evidence={"point": 0, "distance": REACH, "target_radius": TARGET},
        rigor="VERIFIED_FLOAT",
    )
    d.claim("manifold-exists", "manifold", EVERYWHERE, "PROVED", {"dimension": 2}, premises=[learner])
    d.claim("hessian-rank-exists", "hessian-rank", EVERYWHERE, "PROVED", {"rank_lower": 2, "rank_upper": 2}, premises=[learner, morse])
    d.claim("ggn-exists", "ggn", EVERYWHERE, "PROVED", {"order": 2}, premises=[learner, morse], rigor="CITED")
    return d.finish()


def learner_by_a_singular_value():
    """The same learner, from one bound of the smallest singular value that both claims rest on."""
    point = [layer([["1"]], ["0"]), layer([["0x1.50231499b6b1ep-1"]], ["1/4"])]
    d = Draft((1, 1, 1), [["0"], ["1"]], [["1/4"], ["3/4"]], point)
    bound = d.lower("rank-singular-value", "P", 2, 0, evidence={"least": LEAST}, rigor="VERIFIED_FLOAT")
    evidence = {"point": 0, "distance": DISTANCE}
    learner = ("exact-learning-singular-value", "exact-learning", EVERYWHERE, "PROVED", {"distance": DISTANCE})
    d.claim(*learner, premises=[bound], evidence=evidence, rigor="VERIFIED_FLOAT")
    evidence = {"point": 0, "distance": REACH, "target_radius": TARGET}
    robust = ("robust-targets-singular-value", "robust-targets", EVERYWHERE, "PROVED", {"radius": TARGET})
    d.claim(*robust, premises=[bound], evidence=evidence, rigor="VERIFIED_FLOAT")
    return d.finish()


KANTOROVICH_CASES = {"learner_in_a_ball": learner_in_a_ball, "learner_by_a_singular_value": learner_by_a_singular_value}
