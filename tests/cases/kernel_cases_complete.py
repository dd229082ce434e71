"""Certificates made by hand of complete lists of critical points: the trees were grown by a search, and are checked like any other evidence."""

from __future__ import annotations

from cases.kernel_cases_critical import RADIUS, boxed, classed, inertia_ball, loss_ball, suboptimal
from cases.kernel_draft import EVERYWHERE, Draft, layer

NEURON_TREE = "aaaaaaNNaaaaNNNaNaaaNUNMaNMaNUNaaNUNN"
NEURON = ["-0x1.62d1d47cc38cdp+0", "-0x1.0a8da09fa1a0bp-1", "0x1.70745b2d06b57p-4"]
MINIMA_TREE = "aaaaaaNNaaaaNNNaNaaaNUNMDNMaNaaNUNN"
DECAYED_TREE = "aaaNaaNNaaNNaaNaaaNNaaaaNNUNMaaaNaNNNaNNUNaUN"
DECAYED = ["-0x1.4aeaf0f3887e7p+0", "-0x1.0c338da11c479p-1", "0x1.704b9284ded70p-4"]
DECAYED_BOUNDS = ["1402973452675137/70368744177664"]
DECAYED_RADII = [["5902958103587059/18014398509481984"], ["6189700196426905/72057594037927936"], ["7922816251426439/144115188075855872"]]
ALONE_TREE = "baabNbNNbaNNabNaNaNbNbNNaaNbNbNNUUN"
ALONE_BOUNDS, ALONE_RADII = ["9/32", "9/32", "9/16", "9/16"], [["231/8192", "231/8192", "75/4096", "369/262144"]]
PAIR_TREE = (
    "bddccaabNdNbNcMNdaNcNbSNabNdSdNcNNcNaaNbNdNbNcNNdaNcNbSNabNdSdNaNNcNaaNdNdNbNcNNcaNcNbSbSbNdSdNNcNcNaaNbNdNbNcNNaaNcNbSdNbNdSdNNaNcNacNdNdNbNaNNca"
    "NcNbNbSbNdSdNNUNUNUUN"
)
PAIR_BOUNDS = ["9/32"] * 4 + ["9/16"] * 3
PAIR_RADII = [["473/32768"] * 4 + ["307/32768"] * 2 + ["189/262144"]]


def listed(d, stationary, no_minima, whole, bounds, radii, tree, beaten=(), least=None, tails=False, attained=True):
    """The claim that a list is complete."""
    facts = {
        "whole": whole,
        "attained": whole and attained,
        "bounds": bounds,
        "points": len(stationary),
        "no_minima": len(no_minima),
        "known_global": 0,
        "minima": "D" in tree,
        "global": least,
    }
    evidence = {"bounds": bounds, "radii": radii, "tails": tails, "tree": tree}
    return d.claim("complete-list", "complete-list", EVERYWHERE, facts, [*stationary, *no_minima, *beaten], evidence, "VERIFIED_FLOAT")


def listed_neuron():
    """Two minima and a maximum of a sigmoid neuron of one weight: there are no others with ``|w| ≤ 3``."""
    points = [[layer([[w]], ["0"])] for w in NEURON]
    d = Draft((1, 1), [["10"], ["-1"]], [["3/4"], ["4/5"]], *points, output_activation="sigmoid", bias="none")
    found = [boxed(d, at=f"W*{k + 1}", point=k) for k in range(3)]
    top = classed(d, "maximum", found[1], inertia_ball(d, found[1], 1, 0, 1, at="W*2"), "W*2", RADIUS)
    listed(d, found, [top], False, ["3"], [["21/64"], ["11/128"], ["113/2048"]], NEURON_TREE)
    return d.finish()


def listed_minima():
    """The two minima of the same neuron: the maximum lies in a box without minima, and need not be proved."""
    points = [[layer([[w]], ["0"])] for w in (NEURON[0], NEURON[2])]
    d = Draft((1, 1), [["10"], ["-1"]], [["3/4"], ["4/5"]], *points, output_activation="sigmoid", bias="none")
    listed(d, [boxed(d, at=f"W*{k + 1}", point=k) for k in range(2)], [], False, ["3"], [["21/64"], ["113/2048"]], MINIMA_TREE)
    return d.finish()


def listed_alone():
    """With a large rate of decay the point ``W_1 = 0`` is the only one of a 1-1-1 tanh network, and so its one minimum."""
    d = Draft((1, 1, 1), [["-1"], ["1"]], [["1/4"], ["3/4"]], [layer([["0"]], ["0"]), layer([["0"]], ["1/4"])], decay=[["1", "1"]] * 2)
    point = d.claim("stationary-exact", "stationary", 0, {"radius": "0", "dimension": 0}, (), {"fixed": []})
    whole = listed(d, [point], [], True, ALONE_BOUNDS, ALONE_RADII, ALONE_TREE, least=0)
    d.imply("complete", "no-bad-local-minima", EVERYWHERE, {}, [whole])
    return d.finish()


def listed_pair():
    """The same with two hidden units, so with permutations."""
    point = [layer([["0", "0"]], ["0", "0"]), layer([["0"], ["0"]], ["1/4"])]
    d = Draft((1, 2, 1), [["-1"], ["1"]], [["1/4"], ["3/4"]], point, decay=[["1", "1"]] * 2)
    found = d.claim("stationary-exact", "stationary", 0, {"radius": "0", "dimension": 0}, (), {"fixed": []})
    listed(d, [found], [], True, PAIR_BOUNDS, PAIR_RADII, PAIR_TREE, least=0)
    return d.finish()


def listed_least():
    """The neuron with decay: of all its critical points one is a maximum, one a minimum that another beats, so that this is a global one."""
    points = [[layer([[w]], ["0"])] for w in DECAYED]
    d = Draft((1, 1), [["10"], ["-1"]], [["3/4"], ["4/5"]], *points, output_activation="sigmoid", bias="none", decay=[["1/1000", "0"]])
    found = [boxed(d, at=f"W*{k + 1}", point=k) for k in range(3)]
    low = classed(d, "strict-minimum", found[0], inertia_ball(d, found[0], 0, 1, 1, at="W*1"), "W*1", RADIUS)
    top = classed(d, "maximum", found[1], inertia_ball(d, found[1], 1, 0, 1, at="W*2"), "W*2", RADIUS)
    losses = loss_ball(d, "7/50", "3/20", "W*1"), loss_ball(d, "1/50", "3/100", "W*3")
    beaten = suboptimal(d, "suboptimal-strict", [low, *losses], "7/50", "3/100", "W*1", RADIUS)
    whole = listed(d, found, [top], True, DECAYED_BOUNDS, DECAYED_RADII, DECAYED_TREE, beaten=[beaten], least="W*3")
    d.imply("global-listed", "global", "W*3", {"radius": RADIUS}, [found[2], whole], rigor="VERIFIED_FLOAT")
    return d.finish()


def listed_on_the_line():
    """The one critical point of a sigmoid neuron of one weight, on all of the line, by signs of its gradient."""
    d = Draft((1, 1), [["1"]], [["1/2"]], [layer([["0"]], ["0"])], output_activation="sigmoid", bias="none")
    point = d.claim("stationary-exact", "stationary", 0, {"radius": "0", "dimension": 0}, (), {"fixed": []})
    whole = listed(d, [point], [], True, ["2"], [["1"]], "aaaNaaNNUUN", least=0, tails=True)
    d.imply("complete", "no-bad-local-minima", EVERYWHERE, {}, [whole])
    return d.finish()


def listed_none():
    """With a target at the end of the range there is none, and the loss falls without end."""
    d = Draft((1, 1), [["1"]], [["1"]], output_activation="sigmoid", bias="none")
    d.imply("complete", "no-bad-local-minima", EVERYWHERE, {}, [listed(d, [], [], True, ["1"], [], "N", tails=True, attained=False)])
    return d.finish()


def listed_powers(points=("2", "0")):
    """Of a neuron with a square, by elimination: the learner 2 stands for −2 as well, and 0 is a maximum."""
    layers = [[layer([[w]], ["0"])] for w in points]
    d = Draft((1, 1), [["1"], ["2"]], [["4"], ["16"]], *layers, output_activation="power:2", bias="none")
    found = [d.claim("stationary-exact", "stationary", k, {"radius": "0", "dimension": 0}, (), {"fixed": []}) for k in range(len(points))]
    top = [classed(d, "maximum", found[1], inertia_ball(d, found[1], 1, 0, 1, at=1, radius="0"), 1)] if points[1:] else []
    whole = by_algebra(d, found, "signs", [None], *top, least=0)
    d.imply("complete", "no-bad-local-minima", EVERYWHERE, {}, [whole], rigor="BALL")
    return d.finish()


def by_algebra(d, found, up_to, zeros, *rest, attained=True, least=None):
    """The claim that a list is complete by exact algebra."""
    facts = {
        "whole": True,
        "attained": attained,
        "bounds": [],
        "points": len(found),
        "no_minima": len(rest),
        "known_global": 0,
        "minima": False,
        "global": least,
        "up_to": up_to,
    }
    evidence = {"points": len(found), "zeros": zeros}
    return d.claim("complete-algebra", "complete-list", EVERYWHERE, facts, [*found, *rest], evidence, "BALL")


def exact_points(d, count):
    """The claims that so many points are critical."""
    return [d.claim("stationary-exact", "stationary", k, {"radius": "0", "dimension": 0}, (), {"fixed": []}) for k in range(count)]


GRID = [(x, y) for x in ("-2", "0", "2") for y in ("-3", "0", "3")]


def listed_zeros(zeros=GRID, points=(("2", "3"), ("2", "-3"), ("2", "0"), ("0", "3"), ("0", "0")), radius="1/8"):
    """Of a neuron of two weights with a square, by all nine complex zeros, which are real: a sum of two functions, of one weight each."""
    layers = [[layer([[a], [b]], ["0"])] for a, b in points]
    d = Draft((2, 1), [["1", "0"], ["0", "1"]], [["4"], ["9"]], *layers, output_activation="power:2", bias="none")
    found = exact_points(d, len(points))
    top = [classed(d, "maximum", found[-1], inertia_ball(d, found[-1], 2, 0, 2, at=len(points) - 1, radius="0"), len(points) - 1)]
    by_algebra(d, found, "signs", [[[radius, a, "0", b, "0"] for a, b in zeros]], *top)
    return d.finish()


def listed_scaled(points=(("2", "1"), ("0", "1"), ("0", "-1"))):
    """Of ``v w² x²``, up to scale: a learner, and ``w = 0`` with ``v`` of both signs."""
    layers = [[layer([[w]], ["0"]), layer([[v]], ["0"])] for w, v in points]
    d = Draft((1, 1, 1), [["1"]], [["4"]], *layers, activation="power:2", bias="none")
    found = exact_points(d, len(points))
    fall = [classed(d, "saddle", found[1], inertia_ball(d, found[1], 1, 0, 2, at=1, radius="0"), 1)]
    by_algebra(d, found, "scale", [None, None], *fall)
    return d.finish()


def listed_outputs(weights=("1", "1", "1")):
    """Of a chain of three weights: all critical points have the outputs of one, but for those with ``w_2 w_3 = 0``."""
    d = Draft((1, 1, 1, 1), [["1"], ["2"]], [["1"], ["2"]], [layer([[w]], ["0"]) for w in weights], activation="identity", bias="none")
    whole = by_algebra(d, exact_points(d, 1), "outputs", [], least=0)
    d.imply("complete", "no-bad-local-minima", EVERYWHERE, {}, [whole], rigor="BALL")
    return d.finish()


COMPLETE_CASES = {
    "listed_neuron": listed_neuron,
    "listed_alone": listed_alone,
    "listed_least": listed_least,
    "listed_on_the_line": listed_on_the_line,
    "listed_none": listed_none,
    "listed_powers": listed_powers,
    "listed_zeros": listed_zeros,
    "listed_scaled": listed_scaled,
    "listed_outputs": listed_outputs,
}
