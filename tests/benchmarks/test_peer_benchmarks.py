"""The computations behind the comparison with other packages, at small sizes and without these packages; times are not judged."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def results_of(side, measured):
    """Return made-up results: ours grows with the square, a peer with the cube and is then stopped."""
    own = [side.Result("ours", n, measured.Measured("finished", 1e-6 * n**2, 1e-6 * n**2, 5, 1e6 * n)) for n in (100, 1000, 2000)]
    peer = [
        side.Result("peer", n, measured.Measured("finished", 1.2e-7 * n**3, 1.2e-7 * n**3 + 1, 5, 1e6, "differs by 2e-16"))
        for n in (100, 200)
    ]
    return [
        *own,
        *peer,
        side.Result("peer", 1000, measured.Measured("stopped")),
        side.Result("peer", 2000, measured.Measured("not run", words="why")),
    ]


def test_fits_find_the_powers(benchmark):
    scaling = benchmark("scaling")
    power = scaling.fitted_power([10, 20, 40], [2e-5, 0.8, 6.4], 1e-3)
    assert math.isclose(power.exponent, 3.0)
    assert math.isclose(power.at(80), 51.2)
    assert scaling.fitted_power([10, 20], [1.0, 1e-9], 1e-3) is None
    assert math.isclose(scaling.fitted_power([10, 20], [1.0, 4.0], 0.0, 2.0).factor, 0.01)
    assert [round(c, 9) for c in scaling.fitted_terms([[1, 4, 9], [1, 2, 3]], [2, 6, 12])] == [1.0, 1.0]
    assert scaling.in_seconds(0.02) == "20.0 ms"
    assert scaling.in_bytes(float("nan")) == "—"


def test_tables_tell_times_ratios_and_reasons(benchmark):
    side, measured = benchmark("side_by_side"), benchmark("measured")
    results = results_of(side, measured)
    rows = side.rows_of(results[:-2], "ours", {"ours": "n²", "peer": "n³"}, 60.0)
    assert rows[0] == ["ours", "10.0 ms", "1.00 s", "4.00 s", "2.0 GB", "", "2.00", "n²"]
    assert rows[1] == ["peer", "120 ms (× 12)", "960 ms", "1 MB", "1.00 s", "3.00", "n³"]
    stopped, not_run = side.rows_of(results, "ours", {"peer": ""}, 60.0)[0][3:5]
    assert (stopped, not_run) == ("> 60 s (> 60)", "not run: why")
    assert side.remarks_of(results) == "- peer, 200 columns: differs by 2e-16."
    assert side.head_of(results, "told")[:3] == ["method", "100 columns", "200 columns"]


def test_no_larger_size_after_one_that_was_stopped(benchmark, capsys):
    side, measured = benchmark("side_by_side"), benchmark("measured")
    ends = {1: "finished", 2: "refused", 3: "stopped"}
    results = side.run_sizes("m", [4, 3, 2, 1], lambda n: measured.Measured(ends[n], 1.0))
    assert [r.measured.end for r in results] == ["finished", "refused", "stopped", "not run"]
    assert results[-1].measured.words == "stopped at 3 columns"
    assert capsys.readouterr().out.count("\n") == 4


def test_figures_are_drawn(benchmark, tmp_path):
    side, measured, style, growth = (benchmark(name) for name in ("side_by_side", "measured", "paper_style", "growth"))
    with style.styled():
        figure, (axes,) = style.new_figure(3, 3)
        side.draw_times(axes, results_of(side, measured), ["ours", "peer", "absent"], "title")
        assert [text.get_text() for text in axes.get_legend().get_texts()] == ["ours: $n^{2.0}$", "peer: $n^{3.0}$"]
        style.save(figure, tmp_path / "times.svg")
        growths = [
            growth.Growth(
                n, measured.Measured("finished", 1e-9 * n**2, 1.0, 1, 4.0 * n**2), measured.Measured("finished", 1e-9 * n**2, 1.0, 1, 0.0)
            )
            for n in (4000, 8000)
        ]
        style.save(growth.draw(growths, 1e10), tmp_path / "growth.svg")
    text = growth.table([*growths, growth.Growth(16000, measured.Measured("stopped"), measured.Measured("stopped"))], 1e10)
    assert "peak = 1.00 · n²/2 + 0.0 · n·n_1 doubles" in text
    assert "time grows as n^2.00 and memory as n^2.00" in text


def test_own_kernels_pass_their_judges(benchmark):
    kernel, peers = benchmark("kernel_peers"), benchmark("peers")
    case = peers.network_case((64, 128, 10), 30)
    for method in kernel.METHODS[:2]:
        work, judge = method.job(case, *method.arguments)
        words = judge(work())
    assert words.startswith("differs by")
    with pytest.raises(RuntimeError, match="differs"):
        kernel._agrees(kernel.own_kernel(case) * 1.001, case)
    for columns in (35, 0, 9620):
        with pytest.raises(ValueError, match="multiple"):
            peers.network_case((64, 128, 10), columns)


def test_every_rank_of_a_small_problem_is_full(benchmark):
    rank, peers = benchmark("rank_peers"), benchmark("peers")
    small, network = rank.small_case(4), peers.network_case((64, 128, 10), 20)
    for case, activation, methods in ((small, "softsign", rank.RATIONAL), (network, "tanh", rank.IN_DOUBLES)):
        for method in methods:
            work, judge = method.job(case, activation)
            assert judge(work()) == ""
            with pytest.raises(RuntimeError, match="and not"):
                judge(case.equations - 1)


def test_a_job_is_measured_in_a_process_of_its_own(benchmark):
    measured, kernel, peers = benchmark("measured"), benchmark("kernel_peers"), benchmark("peers")
    found = measured.measure(kernel.plain, (peers.network_case((64, 128, 10), 500),), 30.0, 2)
    assert (found.end, found.runs, found.words) == ("finished", 2, "")
    assert 0 < found.seconds <= found.first
    assert math.isnan(found.peak) or 1e6 < found.peak < 1e8
    assert measured.measure(kernel.neural_tangents, (None, "NO_SUCH"), 30.0).end in ("missing", "refused")


def test_page_has_a_place_for_every_table(benchmark):
    page = (ROOT / benchmark("peers").PAGE).read_text(encoding="utf-8")
    for name in ("peers-setting", "peers-ratios", "peers-1", "peers-2", "peers-rank", "peers-rational", "growth"):
        assert page.count(f"<!-- {name} -->") == page.count(f"<!-- /{name} -->") == 1
    for figure in (benchmark("peers").FIGURE, benchmark("growth").FIGURE):
        assert f"figures/{figure.name}" in page
