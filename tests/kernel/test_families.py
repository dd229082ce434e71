"""False claims about critical points of families, and about sums over groups of samples: each is rejected with its code and place."""

from __future__ import annotations

import copy

import pytest
from cases.kernel_cases_critical import BENT, BENT_X, BENT_Y, BOX, COPIES, RADIUS, boxed, family, merged
from cases.kernel_cases_families import (
    ALIKE,
    CREST,
    EQUAL,
    EVEN,
    FAMILY_CASES,
    FOLLOWING,
    LEVEL,
    SCALED,
    SILENT,
    balanced,
    equal_unit,
    even_targets,
    even_unit,
    following,
    following_outputs,
    least_squares,
    level_unit,
    silent_logits,
    silent_unit,
    two_classes_of_xor,
    two_targets,
)
from cases.kernel_draft import Draft, layer
from cases.kernel_outcomes import accepted, outcome

NO_BOX = ("evidence", "evidence.radius")


def changed(evidence, **change):
    return {**copy.deepcopy(evidence), **change}


def rejected_family(d, evidence, dimension=1, **options):
    family(d, dimension, **evidence, **options)
    return outcome(d)


def test_sums_that_do_not_vanish():
    d = two_targets()
    d.document["points"][0][1]["b"] = ["1/3"]
    balanced(d, [2, 3], 2)
    assert outcome(d) == NO_BOX


def test_sums_over_one_group_of_two():
    """Were the two targets at different inputs, there would be three equations."""
    d = two_targets()
    d.document["problem"]["X"][1] = ["1/1000"]
    balanced(d, [2, 3], 2)
    assert outcome(d) == ("evidence", "evidence.parameters")


@pytest.mark.parametrize("parameters", [[1, 3], [2, 3]])
def test_weights_that_do_not_determine_the_sums(parameters):
    """At w = 0 both outputs change alike with b and c, and not at all with v."""
    d = Draft((1, 1, 1), [["0"], ["1"]], [["2"], ["2"]], [layer([["0"]], ["0"]), layer([["1"]], ["2"])])
    balanced(d, parameters, 2)
    assert outcome(d) == NO_BOX


def test_a_kink_in_the_box_of_the_sums():
    d = Draft((1, 1, 1), [["0"]], [["1"]], [layer([["1"]], ["1/2199023255552"]), layer([["1"]], ["1"])], activation="relu")
    balanced(d, [1], 3)
    assert outcome(d) == ("evidence", "conclusion.at")


def test_no_equation_at_all():
    """A softmax of one class has no equations."""
    d = Draft((1, 1), [["0"]], [["1"]], [layer([["1"]], ["1"])], error="softmax")
    balanced(d, [], 2)
    assert outcome(d) == ("evidence", "evidence.parameters")


def odd(bias):
    """1-1-1 tanh: opposite inputs with equal targets."""
    return Draft((1, 1, 1), [["1"], ["-1"]], [["2"], ["2"]], [layer([["1"]], ["0"]), layer([["0"]], ["0"])], bias=bias)


def test_opposite_inputs_of_an_odd_network():
    """Without biases the outputs are opposite, and 0 is best; with biases nothing of this holds."""
    d = odd("none")
    point = balanced(d, [1], 1)
    d.imply("global-balanced", "global", BOX, {"radius": RADIUS}, [point])
    exact = odd("none")
    exact.claim("global-floor", "global", 0, {"radius": "0"})
    assert accepted(d)
    assert accepted(exact)
    d = odd("trainable")
    balanced(d, [2], 3)
    assert outcome(d) == ("evidence", "evidence.parameters")
    d = odd("trainable")
    d.claim("global-floor", "global", 0, {"radius": "0"})
    assert outcome(d) == ("evidence", "conclusion.at")


def test_multiples_of_an_input_under_a_power():
    """Without biases the output at 2x is 4 times that at x: the sum is weighted with this."""
    point = [layer([["1"]], ["0"]), layer([["9/17"]], ["0"])]
    d = Draft((1, 1, 1), [["1"], ["2"], ["0"]], [["1"], ["2"], ["5"]], point, activation="power:2", bias="none")
    d.claim("global-floor", "global", 0, {"radius": "0"})
    assert accepted(d)
    d.undo()
    d.document["points"][0][1]["W"] = [["3/5"]]  # the mean of 1 and 2/4·…: the best without the weights
    d.claim("global-floor", "global", 0, {"radius": "0"})
    assert outcome(d) == ("evidence", "conclusion.at")


def test_an_output_activation_that_does_not_keep_ratios():
    d = odd("none")
    d.document["problem"]["output_activation"] = "sigmoid"
    d.document["problem"]["Y"] = [["1/2"], ["1/2"]]
    balanced(d, [1], 1)
    assert outcome(d) == ("evidence", "evidence.parameters")


def test_an_error_that_is_not_convex_has_no_floor():
    d = two_targets()
    d.document["problem"]["error"] = "cauchy:4"
    point = balanced(d, [2, 3], 2)
    assert accepted(d)
    d.imply("global-balanced", "global", BOX, {"radius": RADIUS}, [point])
    assert outcome(d) == ("premise", "premises")


def test_a_critical_point_for_another_reason_is_no_floor():
    d = Draft((1, 1, 1), BENT_X, BENT_Y, BENT, activation="relu")
    point = boxed(d, "1/1024", [0])
    d.imply("global-balanced", "global", BOX, {"radius": "1/1024"}, [point])
    assert outcome(d) == ("premise", "premises")


def test_an_identity_of_another_activation():
    """A tanh unit has no scaling."""
    d = least_squares()
    d.document["problem"]["activation"] = "tanh"
    assert rejected_family(d, SCALED) == ("evidence", "evidence.identities[0]")


def test_a_component_that_is_not_implied():
    """At w = 0 the identity says nothing about the derivative by w, which is not 0 for v ≠ 0 and cannot be seen from that by v."""
    assert rejected_family(least_squares("0", "1"), SCALED) == ("evidence", "evidence.implied")


def test_a_point_that_is_not_critical():
    assert rejected_family(least_squares("1", "1"), SCALED) == NO_BOX


@pytest.mark.parametrize(
    ("change", "place"),
    [
        ({"parameters": [0, 1]}, "evidence.parameters"),
        ({"parameters": []}, "evidence.parameters"),
        ({"held": [1]}, "evidence.parameters"),
        ({"implied": [0, 1], "identities": [SCALED["identities"][0]] * 2, "parameters": []}, "evidence.parameters"),
        ({"identities": []}, "evidence.identities"),
        ({"identities": [[[0, "1", [0]], [1, "1", [1]]]]}, "evidence.identities[0]"),
        ({"identities": [[[0, "1", [0]], [1, "-1", [[1, 0]]]]]}, "evidence.identities[0]"),
        ({"identities": [[]]}, "evidence.implied"),
        ({"ties": [[0, 1, "1"]], "identities": [[[0, "1", [1]], [1, "-1", [0]]]]}, "evidence.identities[0]"),
        ({"ties": [[1, 0, "7/5"]]}, "evidence.parameters"),
    ],
)
def test_evidence_that_does_not_fit(change, place):
    code = "schema" if place == "evidence.identities" else "evidence"
    assert rejected_family(least_squares(), changed(SCALED, **change), 0) == (code, place)


def test_identities_of_equal_units_need_the_tie():
    d = merged(("1/3", "2/3"))
    assert rejected_family(d, changed(COPIES, ties=[], parameters=[0, 2])) == ("evidence", "evidence.identities[0]")


@pytest.mark.parametrize("ties", [[[1, 0, "1"], [1, 0, "1"]], [[0, 1, "1"], [1, 0, "1"]], [[1, 1, "1"]]])
def test_ties_in_circles(ties):
    d = merged(("1/3", "2/3"))
    code, place = rejected_family(d, changed(COPIES, ties=ties))
    assert (code, place.split("[")[0]) == ("evidence", "evidence.ties")


def test_a_tie_to_what_is_held():
    d = merged(("1/3", "2/3"))
    assert rejected_family(d, changed(COPIES, held=[0], parameters=[2, 3])) == ("evidence", "evidence.ties")


def test_the_constant_unit_must_stay_constant():
    """With its incoming weight free the unit tells the samples apart, and its outgoing weights are no longer worth a bias."""
    assert rejected_family(even_unit(), changed(EVEN, held=[]), 4) == ("evidence", "evidence.identities[4]")


def test_a_unit_is_idle_for_softmax_only():
    d = even_unit()
    d.document["problem"]["error"] = "squared"
    assert rejected_family(d, EVEN, 3) == ("evidence", "evidence.identities[0]")


def test_a_unit_that_moves_logits_apart_is_not_idle():
    d = even_unit()
    d.document["points"][0][1]["W"] = [["2", "3"]]
    assert rejected_family(d, changed(EVEN, ties=[[4, 2, "3/2"]]), 3) == ("evidence", "evidence.identities[0]")


def test_softmax_behind_an_output_activation_shifts_nothing():
    d = even_unit()
    d.document["problem"]["output_activation"] = "tanh"
    assert rejected_family(d, EVEN, 3) == ("evidence", "evidence.identities[0]")


@pytest.mark.parametrize(
    ("level", "place"),
    [
        ([], "evidence.parameters"),
        ([[1, 0, [0]]], "evidence.parameters"),
        ([[1, 0, [0, 2]]], "evidence.identities[0]"),
        ([[1, 0, [1, 2]]], "evidence.identities[1]"),
        ([[1, 0, [0]], [1, 0, [1]]], "evidence.identities[2]"),
        ([[1, 0, [0, 1]], [1, 0, [2]]], "evidence.parameters"),
        ([[1, 0, []]], "evidence.level[0][2]"),
        ([[1, 0, [1, 0]]], "evidence.level[0][2]"),
        ([[1, 0, [0, 3]]], "evidence.level[0][2][1]"),
        ([[1, 1, [0, 1]]], "evidence.level[0][1]"),
        ([[2, 0, [0, 1]]], "evidence.level[0][0]"),
        ([[0, 0, [0, 1]]], "evidence.level[0][0]"),
    ],
)
def test_units_that_are_not_level(level, place):
    assert rejected_family(level_unit(), changed(LEVEL, level=level)) == ("evidence", place)


def test_a_unit_beside_its_crest():
    """The slope is 0 nearly, or z is the same nearly, at these weights: a box around them holds no such point."""
    assert rejected_family(level_unit("0x1.921fb54452d18p+0"), LEVEL) == NO_BOX
    d = level_unit()
    d.document["points"][0][0]["W"] = [["1/1000000"], ["1"]]
    assert rejected_family(d, LEVEL) == NO_BOX


@pytest.mark.parametrize(("change", "sample"), [("1/1000", 2), ("1/7", 0)])
def test_other_targets_than_a_level_unit_meets(change, sample):
    d = level_unit()
    d.document["problem"]["Y"][sample] = [change]
    assert rejected_family(d, LEVEL) == NO_BOX


@pytest.mark.parametrize("activation", ["leaky-relu:1/100", "identity"])
def test_a_slope_that_never_vanishes(activation):
    assert rejected_family(level_unit(activation=activation), LEVEL) == ("evidence", "evidence.level")


def test_a_slope_without_simple_zeros():
    """The slope of z³ vanishes at 0 to second order: nothing in its derivative tells where."""
    assert rejected_family(level_unit("0", "2", "1", "power:3"), LEVEL) == ("evidence", "evidence.radius")


def test_one_equation_named_twice():
    """Two units that stay equal are level together: it is one equation."""
    point = [layer([["0", "0"]], [CREST, CREST]), layer([["1"], ["2"]], ["-2"])]
    Y = [["0"], ["2"], ["1"]]
    evidence = {
        "held": [0, 2],
        "ties": [[3, 1, "1"]],
        "parameters": [1, 6],
        "implied": [0, 1, 2, 3, 4, 5],
        "identities": [*([[k, "1", []]] for k in range(4)), *([[k, "1", [[6, 0]]], [6, "-1", [[k, 0]]]] for k in (4, 5))],
        "level": [[1, 0, [0]]],
    }
    d = Draft((1, 2, 1), [["0"], ["1"], ["3"]], Y, point, activation="sin")
    family(d, 2, **evidence)
    assert accepted(d)
    d.undo()
    assert rejected_family(d, changed(evidence, level=[[1, 0, [0]], [1, 1, [0]]], parameters=[1, 4, 6]), 2) == (
        "evidence",
        "evidence.radius",
    )


def test_a_level_unit_of_an_open_family():
    """With free incoming weights z is not the same at all samples, and the unit is not level everywhere."""
    point = [layer([["0"]], [CREST]), layer([["1"]], ["0"])]
    d = Draft((1, 1, 1), [["0"], ["1"], ["3"]], [["0"], ["2"], ["1"]], point, activation="sin")
    evidence = {
        "held": [0],
        "parameters": [1, 3],
        "implied": [0, 1, 2],
        "identities": [[[0, "1", []]], [[1, "1", []]], [[2, "1", [[3, 0]]], [3, "-1", [[2, 0]]]]],
        "level": [[1, 0, [0]]],
    }
    family(d, 1, **evidence)
    assert accepted(d)
    d.undo()
    assert rejected_family(d, changed(evidence, held=[]), 2) == ("evidence", "evidence.identities[0]")


def test_level_units_at_the_point_itself():
    """The slope must be 0 there, and z the same, by exact arithmetic."""
    for b, W in (("1/1000000000000", ["0", "1"]), ("0", ["1/1000000000000", "1"])):
        d = level_unit(b, "2", "1", "power:2")
        d.document["points"][0][0]["W"] = [[w] for w in W]
        family(d, 1, at=0, radius="0", **LEVEL)
        assert outcome(d) == ("evidence", "conclusion.at")


@pytest.mark.parametrize(
    ("silent", "place"),
    [
        ([], "evidence.parameters"),
        ([[1, 0, [0]], [1, 0, [1]]], "evidence.parameters"),
        ([[2, 0, [0]]], "evidence.identities[0]"),
        ([[2, 1, [0]]], "evidence.identities[0]"),
        ([[3, 0, [0]]], "evidence.silent[0][0]"),
        ([[0, 0, [0]]], "evidence.silent[0][0]"),
        ([[1, 1, [0]]], "evidence.silent[0][1]"),
        ([[1, 0, [3]]], "evidence.silent[0][2][0]"),
        ([[1, 0, []]], "evidence.silent[0][2]"),
    ],
)
def test_units_that_are_not_silent(silent, place):
    """Were a unit of the second layer silent, its weight to the output would be 0, and the other one would count."""
    assert rejected_family(silent_unit(), changed(SILENT, silent=silent), 6) == ("evidence", place)


@pytest.mark.parametrize("change", [{"v": "-1000001/1000000"}, {"c": "1000001/1000000"}])
def test_paths_that_nearly_cancel(change):
    assert rejected_family(silent_unit(**change), SILENT, 6) == NO_BOX
    d = silent_unit(**change)
    family(d, 6, at=0, radius="0", **SILENT)
    assert outcome(d) == ("evidence", "conclusion.at")


def test_a_unit_that_is_silent_at_one_sample_only():
    """With its incoming weight free what comes back differs from sample to sample."""
    assert rejected_family(silent_unit(), changed(SILENT, held=[]), 7) == ("evidence", "evidence.identities[0]")


def test_one_silent_unit_named_twice():
    d = silent_unit()
    evidence = changed(SILENT, silent=[[1, 0, [0]], [1, 0, [2]]], parameters=[6, 7, 8])
    assert rejected_family(d, evidence, 5) == ("evidence", "evidence.radius")


def test_paths_to_logits_cancel_in_their_difference():
    """For another error both outputs would have to cancel, and do not."""
    d, evidence = silent_logits()
    d.document["problem"]["error"] = "squared"
    assert rejected_family(d, evidence, 9) == ("evidence", "evidence.parameters")
    d, evidence = silent_logits(parameters=[6, 7, 11])
    d.document["problem"]["error"] = "squared"
    assert rejected_family(d, evidence, 8)[0] == "evidence"


def test_silent_for_one_logit():
    """Both logits' paths from the unit, not their difference, are what does not vanish: a point beside is none."""
    d, evidence = silent_logits()
    d.document["points"][0][2]["W"] = [["0", "2"], ["1001/1000", "0"]]
    assert rejected_family(d, evidence, 9) == NO_BOX


@pytest.mark.parametrize(
    ("equal", "place"),
    [
        ([], "evidence.parameters"),
        ([[1, 0, [0, 1, 2]]], "evidence.parameters"),
        ([[1, 0, [0, 2]]], "evidence.identities[0]"),
        ([[1, 0, [1, 2]]], "evidence.identities[0]"),
        ([[2, 0, [0, 1]]], "evidence.identities[0]"),
        ([[3, 0, [0, 1]]], "evidence.equal[0][0]"),
        ([[0, 0, [0, 1]]], "evidence.equal[0][0]"),
        ([[1, 1, [0, 1]]], "evidence.equal[0][1]"),
        ([[1, 0, [0, 3]]], "evidence.equal[0][2][1]"),
        ([[1, 0, [1, 0]]], "evidence.equal[0][2]"),
        ([[1, 0, [0]]], "evidence.equal[0][2]"),
    ],
)
def test_units_that_are_not_equal(equal, place):
    assert rejected_family(equal_unit(), changed(EQUAL, equal=equal), 6) == ("evidence", place)


@pytest.mark.parametrize("change", [{"w": ("1/1000000", "1/2")}, {"v": ("0x1.d78d631d88274p+2", "-3")}])
def test_inputs_that_are_nearly_equal_and_paths_that_nearly_cancel(change):
    assert rejected_family(equal_unit(**change), EQUAL, 6) == NO_BOX
    d = equal_unit(**change)
    family(d, 6, at=0, radius="0", **EQUAL)
    assert outcome(d) == ("evidence", "conclusion.at")


def test_a_unit_that_is_silent_at_one_of_two_samples_with_one_z():
    """Its slope counts at the other one, where a second unit lets something come back: the row of its first weight is not 0."""
    point = [layer([["0", "1"], ["1/2", "0"]], ["0", "0"]), layer([["1", "2"], ["1", "1"]], ["0", "0"]), layer([["2"], ["-1"]], ["1"])]
    d = Draft((2, 2, 2, 1), [["0", "0"], ["1", "0"], ["0", "1"]], [["0"], ["2"], ["3/2"]], point)
    evidence = {
        "parameters": list(range(15)),
        "implied": [0, 1],
        "identities": [[[0, "1", []]], [[1, "1", []]]],
        "equal": [[1, 0, [0, 1]]],
        "silent": [[1, 0, [0]]],
    }
    assert rejected_family(d, evidence, 0) == ("evidence", "evidence.identities[0]")
    d.undo()
    level = changed(evidence, equal=[], level=[[1, 0, [0, 1]]], silent=[], parameters=list(range(15)))
    assert rejected_family(d, level, 0) == ("evidence", "evidence.identities[1]")


def test_one_meeting_named_twice():
    evidence = changed(EQUAL, equal=[[1, 0, [0, 1]], [1, 0, [0, 1]]], parameters=[0, 1, 2, 8, 9])
    assert rejected_family(equal_unit(), evidence, 5) == ("evidence", "evidence.radius")


def at_the_point(d, radius, at=0, dimension=1):
    family(d, dimension, at=at, radius=radius, reach="0", **SCALED)


def test_at_the_point_itself_the_gradient_vanishes():
    d = least_squares("1", "7/5")
    at_the_point(d, "0")
    assert accepted(d)
    near = least_squares("1", "1401/1001")
    at_the_point(near, "0")
    assert outcome(near) == ("evidence", "conclusion.at")


def test_a_radius_belongs_to_a_witness():
    d = least_squares()
    at_the_point(d, RADIUS)
    assert outcome(d) == ("evidence", "evidence.radius")
    assert rejected_family(least_squares(), SCALED, radius="0") == ("evidence", "evidence.radius")


def test_another_point_than_the_one_named():
    d = least_squares()
    d.document["points"].append(d.document["points"][0])
    at_the_point(d, "0", 1)
    assert outcome(d) == ("conclusion", "conclusion.at")


def test_a_manifold_of_too_large_a_dimension():
    d = least_squares()
    family(d, 2, **SCALED)
    assert outcome(d)[0] == "conclusion"


def test_a_kink_in_the_box_of_a_family():
    """relu at z = 0, with the scaling of its unit: at an input that weights move, and at the input 0, where they do not."""
    point = [layer([["1"], ["1"]], ["0"]), layer([["7/5"]], ["0"])]
    scaled = {"parameters": [1, 2], "implied": [0], "identities": [[[0, "1", [0]], [1, "1", [1]], [2, "-1", [2]]]]}
    d = Draft((2, 1, 1), [["1", "0"], ["1", "-1"]], [["7/5"], ["0"]], point, activation="relu", bias="none")
    assert rejected_family(d, scaled)[0] == "evidence"
    point = [layer([["1"]], ["0"]), layer([["7/5"]], ["0"])]
    d = Draft((1, 1, 1), [["1"], ["0"]], [["7/5"], ["0"]], point, activation="relu", bias="none")
    family(d, 1, **SCALED)
    assert accepted(d)


@pytest.mark.parametrize(
    ("change", "place"),
    [
        ({"across": [0]}, "evidence.across"),
        ({"across": [2]}, "evidence.across"),
        ({"across": []}, "evidence.symmetries"),
        ({"symmetries": [[[0, "2", []], [1, "1", []]]]}, "evidence.symmetries[0]"),
        ({"symmetries": [[[0, "1", [0]], [1, "1", [1]], [2, "-2", [2]]]]}, "evidence.across"),
        ({"symmetries": [[]]}, "evidence.across"),
        ({"symmetries": [[[0, "1", [[1, 0]]], [1, "-1", [[0, 0]]]]]}, None),
    ],
)
def test_symmetries_across_a_family(change, place):
    """What is no symmetry, or leads nowhere out of the family, such as the scaling along the tie, gives no dimension more."""
    d = Draft.of(FAMILY_CASES["doubled_inputs"](), 1)
    d.document["steps"][0]["evidence"].update(change)
    if place is None:
        assert accepted(d)
    else:
        assert outcome(d) == ("schema" if place == "evidence.symmetries" else "evidence", place)


def test_an_identity_of_the_family_alone_is_no_symmetry():
    """Equal units stay equal on the family; off it the rows of P are not parallel."""
    d = merged(("1/3", "2/3"))
    evidence = changed(COPIES, across=[1], symmetries=[COPIES["identities"][0]])
    assert rejected_family(d, evidence, 2) == ("evidence", "evidence.symmetries[0]")


def test_the_rank_of_P_at_a_point_of_a_family():
    """Each independent identity takes one from the number of rows; no other critical point has any."""
    d = merged(("1/3", "2/3"))
    point = family(d, 1, **COPIES)
    for value, fine in ((2, True), (1, False), (3, False)):
        d.upper("rank-family", "P", value, BOX, [point])
        assert accepted(d) if fine else outcome(d) == ("conclusion", "conclusion.rank_upper")
        d.undo()
    for matrix in ("P-1", "Phi-1"):
        d.upper("rank-family", matrix, 2, BOX, [point])
        assert outcome(d) == ("conclusion", "conclusion.matrix")
        d.undo()
    d = Draft((1, 1, 1), BENT_X, BENT_Y, BENT, activation="relu")
    d.upper("rank-family", "P", 3, BOX, [boxed(d, "1/1024", [0])])
    assert outcome(d) == ("premise", "premises[0]")


def test_the_rank_of_P_behind_softmax_is_not_told_by_identities():
    d = even_unit()
    d.upper("rank-family", "P", 1, BOX, [family(d, 3, **EVEN)])
    assert outcome(d) == ("premise", "premises[0]")


@pytest.mark.parametrize(
    ("Y", "options", "fine"),
    [
        (("0", "1", "0"), {}, True),
        (("0", "1", "1/1000000"), {}, False),
        (("0", "1", "0"), {"error": "cauchy:1"}, True),
        (("0", "1", "0"), {"decay": [["1/10", "0"], ["0", "0"]]}, True),
        (("0", "1", "0"), {"decay": [["0", "1/10"], ["0", "0"]]}, True),
        (("0", "1/1000000", "1"), {}, False),
    ],
)
def test_errors_that_are_alike(Y, options, fine):
    """Targets that are no even function leave the weight a component; what decays are weights that are 0, and the bias, for which nothing is claimed."""
    d = even_targets(Y, **options)
    family(d, 2, radius="1/1048576", **{**ALIKE, "identities": [ALIKE["identities"][0]], "implied": [0], "parameters": [1, 2, 3]})
    if fine:
        assert outcome(d) == NO_BOX  # the equations are not regular: the identity was seen
    else:
        assert outcome(d) == ("evidence", "evidence.identities[0]")


def test_the_mean_of_the_targets_is_no_even_function_elsewhere():
    for inputs, place in ((["-1", "0", "2"], 0), (["0", "1", "2"], 0)):
        d = even_targets()
        d.document["problem"]["X"] = [[x] for x in inputs]
        assert rejected_family(d, ALIKE, 2, radius="1/1048576") == ("evidence", f"evidence.identities[{place}]")


@pytest.mark.parametrize(
    ("change", "place"),
    [
        ({"ties": [[4, 2, "1"], [5, 3, "-1"]]}, "evidence.identities[0]"),
        ({"ties": [[4, 2, "-1"]], "parameters": [0, 1, 2, 3]}, "evidence.identities[0]"),
        ({"ties": []}, "evidence.identities[0]"),
        ({"identities": [[[2, "1", []], [4, "-1", []]], FOLLOWING["identities"][1]]}, "evidence.identities[0]"),
    ],
    ids=str,
)
def test_outputs_that_do_not_follow(change, place):
    assert rejected_family(following_outputs(), changed(FOLLOWING, **change), 0) == ("evidence", place)


def test_targets_that_do_not_follow():
    d = following_outputs()
    d.document["problem"]["Y"][3] = ["-2/3", "1666667/1000000"]
    assert rejected_family(d, FOLLOWING, 0) == ("evidence", "evidence.identities[0]")
    d = following_outputs(error="cauchy:1")
    family(d, 0, **FOLLOWING)
    assert accepted(d)


def test_a_tie_need_not_be_in_its_ratio():
    """Weights v − w = 2/5 form a line across the hyperbola of minima."""
    d = least_squares()
    family(d, 0, **changed(SCALED, ties=[[0, 1, "1"]]))
    assert accepted(d)


def test_an_offset_is_that_of_the_point():
    """Outputs that add up to 1.01 all over the family, for targets that add up to 1."""
    d = following_outputs()
    d.document["points"][0][1]["b"] = ["0", "101/100"]
    assert rejected_family(d, FOLLOWING, 0) == ("evidence", "evidence.identities[0]")


@pytest.mark.parametrize(
    ("change", "place"),
    [
        ({"following": []}, "evidence.parameters"),
        ({"following": [[0, ["0", "-1"]]]}, None),
        ({"following": [[1, ["1", "0"]]]}, "evidence.following"),
        ({"following": [[1, ["-1", "1"]]]}, "evidence.following"),
        ({"following": [[0, ["0", "-1"]], [1, ["-1", "0"]]]}, "evidence.following"),
        ({"parameters": [0, 1, 2, 6]}, "evidence.parameters"),
        ({"parameters": [0, 1, 2]}, "evidence.parameters"),
        ({"parameters": [0, 1, 3, 4]}, "evidence.radius"),
        ({"radius": "8"}, "evidence.radius"),
    ],
    ids=str,
)
def test_outputs_that_follow_by_their_targets(change, place):
    d = two_classes_of_xor()
    following(d, **change)
    if place is None:
        assert accepted(d)
    else:
        assert outcome(d) in (("evidence", place), NO_BOX)


@pytest.mark.parametrize(
    ("part", "value"),
    [
        (("points", 0, 1, "W", 0, 1), "-1000001/1000000"),
        (("points", 0, 1, "b", 1), "1000001/1000000"),
        (("problem", "Y", 2, 1), "-1"),
    ],
    ids=str,
)
def test_outputs_that_do_not_quite_follow(part, value):
    d = two_classes_of_xor()
    *path, last = part
    table = d.document
    for key in path:
        table = table[key]
    table[last] = value
    following(d)
    assert outcome(d) == ("evidence", "evidence.following")


def test_the_following_rule_is_for_the_squared_error_of_a_hidden_layer():
    for options in ({"error": "cauchy:1"}, {"output_activation": "leaky-relu:1/2"}):
        d = two_classes_of_xor(**options)
        following(d)
        assert outcome(d) == ("evidence", "rule")
    d = Draft((1, 2), [["0"], ["1"]], [["0", "0"], ["1", "2"]], [layer([["1", "2"]], ["0", "0"])])
    following(d, 2, parameters=[0, 1], following=[[1, ["2", "0"]]])
    assert outcome(d) == ("evidence", "rule")


def test_the_dimension_leaves_out_the_weights_of_what_follows():
    for dimension in (4, 6, 8):
        d = two_classes_of_xor()
        following(d, dimension)
        assert outcome(d)[0] == "conclusion"
