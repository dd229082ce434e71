"""The choice of an engine: claims and certificates do not depend on it, and the report says what was taken."""

from __future__ import annotations

import random
from importlib import import_module

import pytest
from cases.command_cases import invoke
from cases.cupy_stand_in import install_cupy

import lossproof as lp
from lossproof.certificates.inputs import memory_allowed
from lossproof.theory.exceptions import InputError

T, WIDTHS = 60, (6, 24, 3)


def report(**options):
    rng = random.Random(4)
    X, Y = ([[rng.randint(-64, 64) / 32 for _ in range(n)] for _ in range(T)] for n in (WIDTHS[0], WIDTHS[-1]))
    return lp.check_architecture(WIDTHS, X, Y, search="none", **options)


@pytest.fixture(scope="module")
def plain():
    return report()


@pytest.mark.parametrize("engine", ["disk", "torch", "jax", "cupy"])
def test_claims_and_certificate_are_the_same(engine, plain, tmp_path, monkeypatch):
    if engine in ("torch", "jax"):
        pytest.importorskip(engine)
    if engine == "torch":
        pytest.importorskip("array_api_compat")
    if engine == "cupy":
        install_cupy(monkeypatch)
    found = report(engine=f"disk:{tmp_path}" if engine == "disk" else engine)
    assert found.certificate.document == plain.certificate.document
    assert any(f"engine {engine}" in note and "passed a test" in note for note in found.notes)
    assert not any("engine" in note for note in plain.notes)
    assert found.self_check.refused == ()
    assert list(tmp_path.iterdir()) == []


def test_what_does_not_fit_goes_to_the_disk(plain, tmp_path, monkeypatch):
    monkeypatch.setattr(memory_allowed, "_SMALL", 0)
    monkeypatch.setattr(memory_allowed, "available_bytes", lambda: 2**27)
    with pytest.raises(InputError, match=r"engine='disk'"):
        report()
    monkeypatch.setattr("lossproof.numerics.algebra.memory._BASE", 0)
    monkeypatch.setattr("lossproof.numerics.algebra.tiled_matrix.TILE", 16)
    rules = lambda found: {step["rule"] for step in found.certificate.document["steps"]}  # noqa: E731
    found = report(engine=f"disk:{tmp_path}", max_memory=520_000 / 2**30)
    assert "singular-value" in rules(found) & rules(plain)
    assert found.self_check.refused == ()
    assert list(tmp_path.iterdir()) == []
    assert "singular-value" not in rules(report(max_memory=520_000 / 2**30))


def test_what_does_not_fit_goes_to_a_cluster(monkeypatch):
    distributed = pytest.importorskip("distributed")
    monkeypatch.setattr("lossproof.numerics.algebra.memory._BASE", 0)
    monkeypatch.setattr("lossproof.numerics.algebra.tiled_matrix.TILE", 16)
    with distributed.LocalCluster(n_workers=1, processes=False, dashboard_address=":0", silence_logs=50) as cluster:
        found = report(engine=f"dask:{cluster.scheduler_address}", max_memory=520_000 / 2**30)
    assert found["full-rank", "at these weights"].verdict is lp.Verdict.PROVED
    assert "singular-value" in {step["rule"] for step in found.certificate.document["steps"]}
    assert f"of every worker of the cluster at {cluster.scheduler_address}" in found.notes[-2]
    assert found.self_check is None
    assert "was not checked here" in found.notes[-1]


@pytest.mark.parametrize("name", ["dusk", "disk:", "torch:0", "dask:here", "Numpy"])
def test_other_names_are_refused(name):
    if name == "disk:":
        assert report(engine=name).notes[-1].startswith("Large matrices are factored by the engine disk")
        return
    with pytest.raises(InputError, match=r"engine must be one of|scheduler must be an address such as"):
        report(engine=name)
    ended = invoke("check", "2-2-1", "--data", "xor", "--engine", name)
    assert ended.exit_code != 0


@pytest.mark.parametrize("engine", [[], ["--engine", "dask"]])
def test_the_address_of_a_cluster_may_be_an_option_of_its_own(engine, plain, monkeypatch):
    asked = []
    module = import_module("lossproof.certificates.checks.check_architecture")
    monkeypatch.setattr(module, "check_architecture", lambda *_, **given: asked.append(given["engine"]) or plain)
    assert invoke("check", "2-2-1", "--data", "xor", *engine, "--scheduler", "tcp://here:8786", "--quiet").exit_code == 0
    assert asked == ["dask:tcp://here:8786"]


def test_a_small_problem_says_that_its_cluster_is_not_used():
    ended = invoke("check", "2-1", "--data", "and", "--search", "none", "--scheduler", "tcp://127.0.0.1:9")
    assert ended.exit_code == 0
    assert ended.stderr == "The cluster was not used, nor asked whether it is there: the matrices of this problem are too small for it.\n"


def test_a_cluster_and_another_engine_are_refused():
    ended = invoke("check", "2-2-1", "--data", "xor", "--engine", "disk", "--scheduler", "tcp://here:8786")
    assert ended.exit_code != 0
    assert "got --engine disk as well: leave one of them out" in " ".join(ended.stderr.split())
    assert invoke("check", "2-2-1", "--data", "xor", "--scheduler", "here").exit_code != 0


def test_cuda_without_a_device_is_refused():
    with pytest.raises(InputError, match=r"the engine cuda needs a CUDA device|needs the package (torch|array-api-compat)"):
        report(engine="cuda")
