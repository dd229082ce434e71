"""The computations behind the paper's experiments, at small sizes; figures are drawn, times are not judged."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize("name", ["paper_regions", "paper_orders", "paper_starts", "paper_backpropagation"])
def test_quick_run_draws_equal_bytes_and_a_table(benchmark, name, tmp_path):
    module, style = benchmark(name), benchmark("paper_style")
    result = module.compute(True)
    with style.styled():
        first, second = (style.save(module.draw(result), tmp_path / f"{k}.svg").read_bytes() for k in (1, 2))
    assert first == second
    assert b"<dc:date>" not in first
    head, rule, *rows = module.table(result).split("\n\n")[0].splitlines()
    assert rows
    assert {line.count("|") for line in (head, rule, *rows)} == {head.count("|")}


def test_exponents_of_the_distances_double(benchmark):
    run = benchmark("paper_orders").run(0, 6, 80)
    assert run.iterations is not None
    last = [value for value in run.digits if -60 < value < -3]
    assert len(last) >= 3
    assert all(abs(later / earlier - 2) < 0.35 for earlier, later in pairwise(last))
    assert abs(float(run.order) - 2) < 0.1
    assert np.nanmin(run.double[np.isfinite(run.double)]) < -13


def test_damping_changes_where_full_steps_lead(benchmark):
    module = benchmark("paper_starts")
    full, *safeguarded = (module.ends("sigmoid", method, 5, 6) for method in module.METHODS)
    assert all(ends.learned == 6 for ends in safeguarded)
    for ends in (full, *safeguarded):
        assert ends.learned + ends.near + len(ends.far) == 6
        assert ends.driven_off <= len(ends.far)
        assert all(loss <= module.LEARNED for loss, count in zip(ends.final, ends.iterations, strict=True) if count is not None)


def test_methods_start_from_the_same_weights(benchmark):
    module = benchmark("paper_backpropagation")
    result = module.compute(True)
    assert {curve.method for curve in result.curves} == set(module.METHODS)
    assert len({curve.loss[0] for curve in result.curves}) == 1
    assert result.step in module.STEPS
    assert min(curve.loss[-1] for curve in result.of("Levenberg-Marquardt")) < result.curves[0].loss[0]
    for curve in result.curves:
        assert len(curve.loss) == len(curve.seconds)
        assert curve.at(np.inf) == np.nanmin(curve.loss)


def test_blocks_of_a_page(benchmark, tmp_path):
    text = benchmark("paper_text")
    page = tmp_path / "page.md"
    page.write_text("before\n<!-- a -->x<!-- /a -->\nafter <!-- b --><!-- /b -->", encoding="utf-8")
    text.write_blocks(page, {"a": r"new \1", "b": "c"})
    assert page.read_text(encoding="utf-8") == "before\n<!-- a -->\n\nnew \\1\n\n<!-- /a -->\nafter <!-- b -->\n\nc\n\n<!-- /b -->"
    with pytest.raises(ValueError, match="once"):
        text.write_blocks(page, {"missing": "x"})


def test_page_has_a_place_for_every_table(benchmark):
    paper = benchmark("paper")
    page = (ROOT / paper.PAGE).read_text(encoding="utf-8")
    for name in paper.EXPERIMENTS:
        assert page.count(f"<!-- {name} -->") == page.count(f"<!-- /{name} -->") == 1
        assert f"figures/{name}.svg" in page
        assert (ROOT / paper.FIGURES / f"{name}.svg").is_file()


def test_rows_of_a_step_come_in_the_order_of_the_jacobian(benchmark):
    peers, problems = benchmark("training_peers"), benchmark("training_problems")
    case = problems.random_case((3, 4, 2), 5)
    flat = peers.flat_rows(case.start)
    assert flat.size == case.unknowns == 26
    for (W, b), (V, c) in zip(case.start, peers.layers_of_rows(case.widths, flat), strict=True):
        assert np.array_equal(W, V)
        assert np.array_equal(b, c)
    residuals, slopes = peers.residuals_and_jacobian(case)
    direction, h = np.random.default_rng(0).standard_normal(26), 1e-6
    difference = (residuals(flat + h * direction) - residuals(flat - h * direction)) / (2 * h)
    assert np.allclose(slopes(flat) @ direction, difference, atol=1e-8)


def test_own_step_is_the_least_one(benchmark):
    training, peers = benchmark("training"), benchmark("training_peers")
    case = benchmark("training_problems").random_case((3, 8, 2), 4)
    residuals, slopes = peers.residuals_and_jacobian(case)
    flat = peers.flat_rows(case.start)
    _, step = training.own_step(case, 0.0)
    assert np.allclose(step, -np.linalg.pinv(slopes(flat)) @ residuals(flat), atol=1e-9)
