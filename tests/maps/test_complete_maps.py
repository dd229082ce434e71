"""Complete maps: what is claimed, what stays open, and what is refused."""

from __future__ import annotations

import itertools
import json

import pytest
from cases.kernel_draft import Draft

import lossproof as lp
from lossproof.certificates.kernel.check import check_certificate
from lossproof.certificates.maps import complete_tree
from lossproof.numerics.complete import search, settling
from lossproof.numerics.complete.search import TreeBudget, search_tree

X = [[-1], ["-1/2"], [0], ["1/2"], [1]]
Y = [["1/8"], ["-1/8"], ["5/8"], ["1/16"], ["-1/2"]]
SPLIT = {"activation": "sigmoid", "weight_decay": "1/100"}


def mapped(*args, **options):
    """A complete map whose certificate holds."""
    found = lp.find_critical_points(*args, complete=True, **options)
    verified = lp.verify(found.certificate.text)
    assert verified.ok, verified.failures
    return found


def test_one_minimum_proves_that_every_local_minimum_is_global():
    found = mapped("1-1-1", X, Y, weight_decay="1/100")
    claim = found.complete
    assert claim.verdict == "PROVED"
    assert claim.rigor == "VERIFIED_FLOAT"
    assert {key: claim.facts[key] for key in ("whole", "points", "no_minima")} == {"whole": True, "points": 2, "no_minima": 1}
    assert [point.kind for point in found] == ["global", "saddle"]
    assert found.conclusion.verdict == "PROVED"
    assert found.conclusion.premises == (claim,)
    assert "1,673 boxes" in str(found)
    assert "hits" in str(found)


def test_two_minima_refute_it_and_the_list_is_complete():
    found = mapped("1-1-1", X, Y, **SPLIT)
    assert found.complete.verdict == "PROVED"
    assert [point.kind for point in found] == ["global", "strict-minimum", "saddle"]
    assert found.complete.facts["global"] is found.report.claims[[c.id for c in found.report].index("critical-point")].place
    assert found.conclusion.verdict == "REFUTED"


def test_minima_alone_are_listed_and_decide_the_question():
    found = mapped("1-1-1", X, Y, weight_decay="1/100", minima=True)
    assert found.complete.facts["minima"]
    assert found.complete.reason.startswith("All local minima (all have")
    assert "minima: 1, no others" in str(found.report)
    assert len(found) == 1
    assert found.conclusion.verdict == "PROVED"
    assert not mapped("1-1-1", X, Y, weight_decay="1/100").complete.facts["minima"]


def test_minima_alone_refute_it_too():
    found = mapped("1-1-1", X, Y, minima=True, **SPLIT)
    assert [point.kind for point in found] == ["global", "strict-minimum"]
    assert found.conclusion.verdict == "REFUTED"


def test_permutations_of_units_are_counted_once():
    found = mapped("1-2-1", X, Y, weight_decay="1/5")
    assert found.complete.facts["points"] == len(found) == 1
    assert found.conclusion.verdict == "PROVED"


def test_a_neuron_in_a_box_and_on_the_whole_line():
    entry = next(entry for entry in lp.zoo_entries() if entry.name == "auer-3")
    samples = entry.problem.samples
    part, whole, more = (mapped("1-1", samples.X, samples.Y, output_activation="sigmoid", bias="none", box=box) for box in (1, None, 3))
    assert [found.complete.facts["whole"] for found in (part, whole, more)] == [False, True, True]
    assert "in the box |w| ≤ 1" in part.complete.reason
    assert "(all have |w| ≤ 2)" in whole.complete.reason
    for found in (whole, more):
        assert found.complete.facts["points"] == 5
        assert sorted(point.kind for point in found) == ["global", "maximum", "maximum", "strict-minimum", "strict-minimum"]
        assert found.conclusion.verdict == "REFUTED"


def test_one_minimum_in_a_box_leaves_the_question_open():
    found = mapped("1-1", X, Y, output_activation="sigmoid", box=3)
    assert found.complete.verdict == "PROVED"
    assert found.conclusion.verdict == "UNDECIDED"


def test_one_minimum_of_the_plane_is_global():
    found = mapped("1-1", [[-1], [0], [2]], [["1/4"], ["1/2"], ["3/8"]], output_activation="sigmoid")
    assert found.complete.facts["whole"]
    assert [point.kind for point in found] == ["global"]
    assert found.conclusion.premises == (found.complete,)


@pytest.mark.parametrize(
    ("inputs", "targets", "verdict"),
    [([[2], [4]], [["-5/8"], ["13/8"]], "UNDECIDED"), ([[-4], [1]], [["3/8"], ["-5/8"]], "REFUTED"), ([[1]], [[1]], "PROVED")],
)
def test_where_the_loss_falls_without_end_one_minimum_may_be_bad(inputs, targets, verdict):
    """All of the line is known, and a global minimum need not exist. Without a local one none is bad."""
    found = mapped("1-1", inputs, targets, output_activation="sigmoid", bias="none")
    facts = found.complete.facts
    assert (facts["whole"], facts["attained"], facts["global"]) == (True, False, None)
    assert found.conclusion.verdict == verdict
    d = Draft.of(json.loads(found.certificate.text))
    k = next(k for k, step in enumerate(d.document["steps"]) if step["rule"] == "complete-list")
    d.document["steps"] = d.document["steps"][: k + 1]
    d.imply("complete", "no-bad-local-minima", "everywhere", {}, [k + 1])
    assert [failure.code for failure in check_certificate(d.finish()).failures] == ["premise"] * (verdict != "PROVED")


def test_networks_of_powers_are_listed_by_elimination(tmp_path):
    """Phase retrieval of two real weights from four squares: two pairs of minima, and the other of the nine critical points."""
    found = mapped("2-1", [[1, 1], [2, 3], [0, -1], [2, 1]], [[1], [3], [2], [5]], output_activation="power:2", bias="none")
    assert found.complete.rigor == "BALL"
    assert [point.kind for point in found] == ["global", "strict-minimum", "saddle", "saddle", "maximum"]
    assert found.conclusion.verdict == "REFUTED"
    assert "up to changes of signs" in str(found)
    assert "the points come from exact algebra" in str(found)
    assert "All critical points, up to symmetry." in found.save(tmp_path / "powers.svg").read_text(encoding="utf-8")


def test_a_list_whose_minima_are_all_global_decides_without_one_alone():
    """Two samples that two pairs of weights fit. Where one of these is not told to be global, nothing follows, and no other point is named."""
    found = mapped("1-1", [[10], [-1]], [["3/4"], ["4/5"]], output_activation="power:2")
    assert [point.kind for point in found] == ["global", "global", "saddle", "saddle", "maximum"]
    assert (found.complete.facts["known_global"], found.complete.facts["global"], found.conclusion.verdict) == (2, None, "PROVED")
    d = Draft.of(json.loads(found.certificate.text))
    k = next(k for k, step in enumerate(d.document["steps"]) if step["rule"] == "complete-algebra")
    d.document["steps"] = d.document["steps"][: k + 1]
    step = d.document["steps"][k]
    step["premises"].pop(
        next(n for n, j in enumerate(step["premises"]) if d.document["steps"][j - 1]["conclusion"].get("statement") == "global")
    )
    step["conclusion"]["facts"]["known_global"] = 1
    assert check_certificate(d.finish()).ok
    d.imply("complete", "no-bad-local-minima", "everywhere", {}, [k + 1])
    assert [failure.code for failure in check_certificate(d.finish()).failures] == ["premise"]


def test_a_linear_network_with_decay_has_one_orbit_of_minima():
    found = mapped("2-1-1", [[1, 2], [2, -1], [1, 1]], [[1], [3], [2]], activation="identity", bias="none", weight_decay="1/10")
    assert [point.kind for point in found] == ["global", "saddle"]
    assert found.complete.facts["attained"]
    assert found.conclusion.verdict == "PROVED"


@pytest.mark.parametrize("widths", ["1-1-1", "1-2-1", "1-1-1-1", "1-3-2-1"])
@pytest.mark.parametrize("bias", ["none", "trainable"])
def test_linear_networks_are_listed_up_to_outputs(widths, bias):
    found = mapped(widths, [[1], [2], [-1], [2]], [[1], [3], [2], [0]], activation="identity", bias=bias)
    assert (found.complete.verdict, found.complete.facts["up_to"], len(found)) == ("PROVED", "outputs", 1)
    assert (found.conclusion.verdict, "complete" in found.conclusion.reason, found[0].kind) == ("PROVED", True, "global")
    assert "no local minima" in str(found)
    assert "points: 1 up to outputs, no others" in str(found.report)


@pytest.mark.parametrize("targets", [[[1], [3], [2]], [[0], [0], [0]]])
def test_several_outputs_of_a_layer_are_listed_up_to_outputs(targets):
    found = mapped(
        "2-2", [[1, 1], [2, 2], [-1, -1]], [y * 2 for y in targets], activation="identity", bias="none", output_activation="identity"
    )
    assert (found.complete.verdict, found.complete.facts["up_to"], [point.kind for point in found]) == ("PROVED", "outputs", ["global"])


def test_several_outputs_of_squares_change_signs_each_for_itself():
    """The list of two neurons of one weight with their own targets is the product of their lists: of two points each."""
    found = mapped("1-2", [[1], [2]], [[1, 2], [3, 1]], output_activation="power:2", bias="none")
    assert found.is_complete
    assert [point.kind for point in found] == ["global", "saddle", "saddle", "maximum"]
    assert found.conclusion.verdict == "PROVED"


def test_the_logistic_error_of_a_layer_is_convex():
    found = mapped("1-1", [[1], [2], [0]], [[1], [0], [0]], error="logistic")
    assert (found.complete.verdict, found.conclusion.verdict, [point.kind for point in found]) == ("PROVED", "PROVED", ["global"])
    apart = mapped("1-1", [[1], [-1]], [[1], [0]], error="logistic")
    assert (apart.complete.verdict, apart.conclusion.verdict, len(apart)) == ("PROVED", "PROVED", 0)
    assert "falls along one direction" in apart.complete.reason


@pytest.mark.parametrize(
    ("widths", "targets", "options"),
    [
        ("2-1", [[1], [1], [0], [0]], {"error": "logistic"}),
        ("2-3", [[1, 0, 0], [0, 1, 0], [0, 0, 1], [0, 0, 1]], {"error": "softmax"}),
        ("2-2", [[1, 0], [1, 1], [0, 1], [0, 0]], {"output_activation": "sigmoid"}),
    ],
)
def test_separable_samples_have_an_empty_list(widths, targets, options):
    """With a sample among those of the other class there is no such direction, nor with weight decay."""
    X = [[1, 2], [2, 1], [-1, -1], [-2, 0]]
    found = mapped(widths, X, targets, **options)
    assert (found.complete.verdict, found.complete.facts["points"], found.complete.facts["attained"], len(found)) == ("PROVED", 0, False, 0)
    assert found.complete.premises[0].id == "no-critical-point"
    assert found.conclusion.verdict == "PROVED"
    assert found.report.certificate.text.count('"rule": "no-critical-point"') == 1
    if options.get("error") == "logistic":
        mixed = mapped(widths, [*X, [3, 3]], [*targets, [0]], **options)
        decayed = mapped(widths, X, targets, weight_decay="1/10", **options)
        assert all(other.complete.verdict == "UNDECIDED" or len(other) for other in (mixed, decayed))


@pytest.mark.parametrize(
    ("widths", "x", "y", "activation"),
    [("1-1-1", -3, -1, "arctan"), ("1-2-1", -4, -3, "sigmoid"), ("1-1-1", 1, 1, "erf"), ("1-1-1", -2, 1, "softplus"), ("1-1-1", 2000, "-3/100", "softplus")],
)  # fmt: skip
def test_a_decay_next_to_nothing_is_no_reason_to_refuse_a_list(widths, x, y, activation):
    """Output weights follow from the others by a matrix that is nearly singular; the search settles no box that the checker does not."""
    found = mapped(widths, [[x]], [[y]], activation=activation, weight_decay="1/1000000", minima=True)
    assert found.report.self_check.refused == ()


@pytest.mark.parametrize(
    ("widths", "X", "Y", "options"),
    [
        ("1-1-1", [[-1.372117405806783e-09]], [[-9.9847412109375]], {"activation": "silu", "weight_decay": "11600297/1099511627776"}),
        ("2-1", [[-271816.8125, -1359084.0625], [-271816.8125, 2174534.5], [2446351.3125, 271816.8125]],
         [[-2.0408895611763], [0.81635582447052], [-0.510222390294075]],
         {"output_activation": "swish:3", "bias": "none", "weight_decay": "8333453/134217728"}),
        ("1-1-1", [[-22913873.5], [-13093642.0], [-6546821.0], [13093642.0], [22913873.5], [26187284.0]],
         [[8.185702768059855e-06], [-4.677544438891346e-06], [-1.0524474987505528e-05], [1.987956386528822e-05], [7.0163166583370185e-06],
          [-1.4032633316674037e-05]], {"weight_decay": "4671935/34359738368"}),
    ],
)  # fmt: skip
def test_samples_far_from_one_are_listed_and_checked(widths, X, Y, options):
    """What the checker loses by rounding, and what its arguments are wider, is left as a margin: these lists were found, and refused."""
    found = mapped(widths, X, Y, workers=1, **options)
    assert found.report.self_check.refused == ()
    assert found.complete.verdict == "PROVED"


def test_a_unit_that_can_be_scaled_is_listed_up_to_scale():
    """All of ``v w² x²``: the points with ``v = ±1``; ``w = 0`` with ``v = −1`` is a local minimum, and bad."""
    found = mapped("1-1-1", [[1], [2]], [[1], [3]], activation="power:2", bias="none")
    assert (found.complete.facts["up_to"], found.complete.facts["attained"]) == ("scale", True)
    assert "points: 3 up to scale, no others" in str(found.report)
    assert [point.kind for point in found] == ["global", "maximum", "local-minimum"]
    assert found.conclusion.verdict == "REFUTED"
    cube = mapped("2-1-1", [[1, 1], [2, 3], [0, -1]], [[1], [3], [2]], activation="power:3", bias="none")
    assert cube.complete.facts["up_to"] == "scale"
    assert all(point.weights.layers[1].W[0][0] == 1 for point in cube)


def test_a_point_whose_derivatives_span_all_forms_is_global():
    """With a bias of the output the infimum need not be attained; here it is, by the best polynomial of degree 2."""
    found = mapped("1-1-1", [[1], [2], [-1], [3]], [[1], [3], [2], [0]], activation="power:2")
    assert [point.kind for point in found] == ["global", "saddle", "saddle"]
    assert "span them all" in found[0].claim.reason
    assert (found.complete.facts["attained"], found.complete.facts["known_global"], found.conclusion.verdict) == (False, 1, "PROVED")


@pytest.mark.parametrize(
    ("widths", "options"),
    [
        ("11-1", {"output_activation": "power:8", "bias": "none"}),
        ("2-2-1", {"activation": "power:9", "weight_decay": "1/10"}),
        ("1-3-1", {"activation": "identity", "weight_decay": "1/10"}),
        ("7-1", {"output_activation": "power:2", "bias": "none"}),
    ],
)
def test_what_is_too_large_is_left_open_at_once(widths, options):
    n = int(widths.partition("-")[0])
    found = mapped(widths, [[i + j for j in range(n)] for i in range(3)], [[1], [2], [0]], **options)
    assert found.complete.verdict == "UNDECIDED"
    assert "the most" in found.complete.reason


def test_four_weights_of_phase_retrieval_are_listed_by_their_complex_zeros(tmp_path):
    rows = [[1, 0, 2, -1], [0, 1, 1, 3], [2, -1, 0, 1], [1, 1, -1, 0], [3, 0, 1, 2], [-1, 2, 2, 1], [1, -2, 1, 1]]
    W = (1, -1, 2, 1)
    targets = [[sum(a * w for a, w in zip(row, W, strict=True)) ** 2] for row in rows]
    found = mapped("4-1", rows, targets, output_activation="power:2", bias="none")
    assert found.is_complete
    assert "all 81 complex zeros" in found.complete.reason
    assert found[0].kind == "global"
    assert found[0].loss_upper < 1e-20
    path = found.report.save(tmp_path / "phase.json")
    assert lp.verify(path).ok


def test_degenerate_points_of_a_list_are_proved_where_they_are_rational():
    """With a cube 0 is a double zero of the derivative. With two weights there is one that is not rational, of which no proof is found."""
    found = mapped("1-1", [[1], [2]], [[1], [3]], output_activation="power:3", bias="none")
    assert [point.kind for point in found] == ["global", "higher-order-descent"]
    assert found.conclusion.verdict == "PROVED"
    left = mapped("1-1", [[4], [-1]], [["-3/2"], ["3/4"]], output_activation="power:3")
    assert left.complete.verdict == "UNDECIDED"
    assert left.complete.reason == "Of 4 points of the list of all weights 2 are proved."


def test_a_budget_leaves_boxes_and_names_them(monkeypatch):
    monkeypatch.setattr(
        complete_tree,
        "search_tree",
        lambda land, bounds, _, report, **options: search_tree(land, bounds, TreeBudget(9000), report, **options),
    )
    found = mapped("1-2-1", X, Y, weight_decay="1/100")
    assert found.complete.verdict == "UNDECIDED"
    assert "9,000 boxes" in found.complete.reason
    assert "clusters" in found.complete.missing
    assert found.conclusion.verdict != "PROVED"
    assert not found.interrupted


def test_an_interrupt_ends_the_search_and_keeps_what_is_left(monkeypatch):
    calls = itertools.count()
    settle_boxes = settling.settle_boxes

    def interrupted(*args):
        if next(calls) == 9:
            raise KeyboardInterrupt
        return settle_boxes(*args)

    monkeypatch.setattr(settling, "settle_boxes", interrupted)
    found = mapped("1-1-1", X, Y, weight_decay="1/100")
    assert found.interrupted
    assert found.complete.verdict == "UNDECIDED"
    assert "an interrupt" in found.complete.reason


def test_a_tree_that_the_checker_refuses_is_not_claimed(monkeypatch):
    def cut(*args, **options):
        tree = search_tree(*args, **options)
        return search.Tree(
            tree.bounds, tree.codes.replace("M", "N", 40), tree.points, tree.radii, tree.boxes, tree.settled, tree.left, tree.ended
        )

    monkeypatch.setattr(complete_tree, "search_tree", cut)
    found = mapped("1-1-1", X, Y, weight_decay="1/100")
    assert found.complete.verdict == "UNDECIDED"
    assert "does not accept" in found.complete.reason
    assert found.conclusion.verdict == "UNDECIDED"
    assert [point.kind for point in found] == ["strict-minimum", "saddle"]
    assert len(found.report.self_check.refused) == 1


def test_a_list_that_lacks_a_point_is_not_claimed(monkeypatch):
    def cut(*args, **options):
        tree = search_tree(*args, **options)
        return search.Tree(tree.bounds, tree.codes, tree.points[:-1], tree.radii[:-1], tree.boxes, tree.settled, tree.left, tree.ended)

    monkeypatch.setattr(complete_tree, "search_tree", cut)
    assert mapped("1-1-1", X, Y, **SPLIT).complete.verdict == "UNDECIDED"


def test_progress_tells_the_volume_that_is_settled():
    seen = []
    mapped("1-1-1", X, Y, weight_decay="1/100", progress=lambda stage, done, total: seen.append((stage, done, total)))
    volumes = [done for stage, done, _ in seen if stage == "settling boxes"]
    assert volumes == sorted(volumes)
    assert volumes[-1] >= 999


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"complete": True}, "needs a box"),
        ({"complete": True, "box": 0}, "needs a box"),
        ({"complete": True, "box": float("nan")}, "needs a box"),
        ({"complete": True, "box": "3"}, "a box is a number"),
        ({"complete": True, "box": True}, "a box is a number"),
        ({"box": 3}, "a box is a number"),
        ({"minima": True}, "go with complete=True"),
        ({"resume": "kept.json"}, "go with complete=True"),
        ({"complete": True, "box": 3, "weight_decay": 1}, "leave the box out"),
        ({"complete": True, "box": 3, "activation": "relu"}, "must be tanh, sigmoid"),
        ({"complete": True, "box": 3, "error": "cauchy:1"}, "squared"),
        ({"complete": True, "weight_decay": "1e40"}, "at most 2\\^100"),
        ({"complete": True, "box": 3, "output_activation": "tanh"}, "identity output"),
        ({"complete": True, "activation": "power:2", "bias": ["trainable", "fixed"]}, "no fixed bias"),
        ({"complete": True, "activation": "identity", "box": 3}, "elimination lists"),
    ],
)
def test_what_is_not_covered_is_refused(options, words):
    with pytest.raises(lp.InputError, match=words):
        lp.find_critical_points("1-1-1", X, Y, **options)


def test_what_is_settled_is_kept_and_gone_on_from(monkeypatch, tmp_path):
    path, options = tmp_path / "kept.json", {"weight_decay": "1/5", "workers": 1}
    whole = mapped("1-2-1", X, Y, **options)
    with monkeypatch.context() as patch:
        patch.setattr(search, "BATCH", 64)
        patch.setattr(
            complete_tree, "search_tree", lambda land, bounds, _, report, **kept: search_tree(land, bounds, TreeBudget(400), report, **kept)
        )
        part = mapped("1-2-1", X, Y, resume=path, **options)
    assert part.complete.verdict == "UNDECIDED"
    assert 200 < len(json.loads(path.read_text())["tree"]) <= 400
    again = mapped("1-2-1", X, Y, resume=path, **options)
    assert again.complete.evidence == whole.complete.evidence
    assert mapped("1-2-1", X, Y, resume=str(path), **options).complete.verdict == "PROVED"


def altered(path, **changes):
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda path: path.write_text("{"), "kept by a search for a complete list"),
        (lambda path: path.write_bytes(b"\xff\x00"), "kept by a search for a complete list"),
        (lambda path: path.write_text("[" * 5000), "kept by a search for a complete list"),
        (lambda path: path.write_text("{}"), "kept by a search for a complete list"),
        (lambda path: altered(path, of="another"), "the same problem and box"),
        (lambda path: altered(path, tree="aaz"), "kept by a search for a complete list"),
        (lambda path: altered(path, tree=["a"]), "kept by a search for a complete list"),
        (lambda path: altered(path, tree="aNNN"), "must end with its leaves"),
        (lambda path: altered(path, points=[["0x1p0"]]), "kept by a search for a complete list"),
        (lambda path: altered(path, points=[["nan"] * 4], radii=[["0x1p0"] * 4]), "kept by a search for a complete list"),
        (lambda path: altered(path, radii=[["0x1p99999"] * 4]), "kept by a search for a complete list"),
        (lambda path: altered(path, more=1), "kept by a search for a complete list"),
    ],
)
def test_a_file_that_no_search_has_kept_is_refused(change, words, tmp_path):
    path = tmp_path / "kept.json"
    mapped("1-1-1", X, Y, weight_decay=1, resume=path)
    change(path)
    with pytest.raises(lp.InputError, match=words):
        lp.find_critical_points("1-1-1", X, Y, weight_decay=1, complete=True, resume=path)


def test_a_kept_tree_that_is_wrong_proves_nothing(tmp_path):
    """The file is no evidence: the checker walks what the claim says."""
    path = tmp_path / "kept.json"
    mapped("1-1-1", X, Y, weight_decay="1/100", resume=path)
    altered(path, tree="N", points=[], radii=[])
    assert mapped("1-1-1", X, Y, weight_decay="1/100", resume=path).complete.verdict == "UNDECIDED"


def test_a_sample_at_0_leaves_a_direction_without_a_slope():
    """The pull of the decay then tells by a margin that the checker sees as well, though directions are long."""
    found = mapped("1-2-1", [[0]], [["5/16"]], weight_decay=[["1/256", "1/256"], ["1/512", "1/256"]])
    assert found.complete.verdict == "PROVED"


def test_boxes_around_a_manifold_of_critical_points_are_told_as_such(monkeypatch):
    """Two inputs that are equal at each sample: only their sum counts."""
    monkeypatch.setattr(complete_tree, "TreeBudget", lambda: TreeBudget(6000))
    found = mapped("2-1", [[1, 1], [2, 2]], [["1/3"], ["1/4"]], output_activation="sigmoid", bias="none", box=3)
    assert found.complete.verdict == "UNDECIDED"
    assert "around a manifold of critical points of dimension 1, which is proved" in found.complete.missing
    assert [(point.kind, point.claim.premises[0].facts["dimension"]) for point in found] == [("local-minimum", 1)]


def test_boxes_around_a_critical_point_that_the_budget_kept_from_the_list_are_told_as_such(monkeypatch):
    monkeypatch.setattr(search, "BATCH", 16)
    monkeypatch.setattr(complete_tree, "TreeBudget", lambda: TreeBudget(40))
    found = mapped("1-1-1", X, Y, weight_decay="1/100")
    assert "around a critical point that is proved" in found.complete.missing
    assert found.points


def test_the_checker_sees_what_the_search_sees_where_output_weights_are_hardly_held():
    """Rates of 1/4096: v is enclosed by sweeps that gain little each, from the same matrix in the search and in the checker."""
    inputs = [[-8, -9], [-2, -10], [-4, -22], [12, 20], [-15, 13], [23, -36]]
    targets = [-107, 33, 133, 242, 411, 465]
    X, Y = [[f"{a}/64", f"{b}/64"] for a, b in inputs], [[f"{y}/64"] for y in targets]
    assert mapped("2-1-1", X, Y, activation="sigmoid", bias="none", weight_decay="1/4096").complete.verdict == "PROVED"
