"""Programs of ``torch.export`` are read by their graph of aten operations, and compared with their own outputs."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from cases.model_cases import check_refusal, problem_of_model, read_and_compare

import lossproof as lp
from lossproof.certificates.inputs.model_files import read_model_file

torch = pytest.importorskip("torch")
functional = torch.nn.functional

ROWS = np.random.default_rng(3).normal(size=(7, 2))


class _Net(torch.nn.Module):
    def __init__(self, call: Callable[[Any, Any], Any]) -> None:
        super().__init__()
        torch.manual_seed(1)
        self.first, self.last, self.norm = torch.nn.Linear(2, 4), torch.nn.Linear(4, 1), torch.nn.BatchNorm1d(4)
        self.free = torch.nn.Parameter(torch.randn(4, 1))
        self.register_buffer("mean", torch.tensor([1.0, 2.0]))
        self.norm.running_mean.uniform_(-1, 1)
        self.call = call

    def forward(self, x: Any) -> Any:
        return self.call(self, x)


def program(call: Callable[[Any, Any], Any], *, dynamic: bool = False, training: bool = False, rows: Any = None) -> Any:
    """Export a 2-4-1 network that computes ``call(net, x)``."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        shapes = ({0: torch.export.Dim("batch")},) if dynamic else None
        return torch.export.export(
            _Net(call).train(training), (torch.zeros(3, 2) if rows is None else rows,), dynamic_shapes=shapes, strict=False
        )


READ = {
    "relu": lambda s, x: s.last(functional.relu(s.first(x))),
    "elu": lambda s, x: s.last(functional.elu(s.first(x))),
    "leaky-relu:1/4": lambda s, x: s.last(functional.leaky_relu(s.first(x), 0.25)),
    "hard-tanh": lambda s, x: s.last(functional.hardtanh(s.first(x))),
    "softplus": lambda s, x: s.last(functional.softplus(s.first(x))),
    "silu": lambda s, x: s.last(functional.silu(s.first(x))),
    "softsign": lambda s, x: s.last(functional.softsign(s.first(x))),
    "mish": lambda s, x: s.last(functional.mish(s.first(x))),
    "power:2": lambda s, x: s.last(s.first(x) ** 2),
    "power:2 ": lambda s, x: s.last(torch.square(s.first(x))),
    "sin": lambda s, x: s.last(torch.sin(s.first(x))),
    "gelu": lambda s, x: s.last(functional.gelu(s.norm(s.first((x - s.mean) / 2.0)))).view(x.size(0), -1),
    "tanh": lambda s, x: 1 - torch.tanh(s.first(x * torch.tensor([2.0, 1.0]))) @ s.free,
    "tanh ": lambda s, x: s.last(functional.dropout(torch.tanh(s.first(x)), 0.5, s.training))[:, 0],
    "sigmoid": lambda s, x: torch.addmm(s.last.bias, torch.sigmoid(s.first(x)), s.free).squeeze(-1),
}


@pytest.mark.parametrize("dynamic", [False, True], ids=["of three samples", "of any number"])
@pytest.mark.parametrize("name", READ)
def test_a_program_is_read_as_its_module(name, dynamic):
    exported, _, weights = read_and_compare(program(READ[name], dynamic=dynamic), ROWS)
    assert (exported.widths, exported.activation, exported.output_activation) == ((2, 4, 1), name.strip(), "identity")
    if name not in ("tanh", "tanh ", "sigmoid"):
        module, _, own = read_and_compare(_Net(READ[name]).eval(), ROWS)
        assert (own, exported.bias) == (weights, module.bias)


def test_what_is_frozen_stays_so():
    net = _Net(READ["relu"]).eval()
    net.first.requires_grad_(False)
    exported = torch.export.export(net, (torch.zeros(3, 2),))
    problem, _, notes = problem_of_model(exported, ROWS, ROWS[:, 0], error="mse")
    assert str(problem.architecture) == "4-1"
    assert any("an exported program" in note for note in notes)


def test_a_program_after_decompositions_is_read_where_it_still_says_what_it_does():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        exported = program(READ["relu"], dynamic=True).run_decompositions()
    assert read_and_compare(exported, ROWS)[2] == read_and_compare(program(READ["relu"]), ROWS)[2]


@pytest.mark.parametrize("affine", [False, True])
def test_decomposed_normalisations_and_functions(affine):
    net = _Net(lambda s, x: s.last(functional.softsign(s.norm(s.first(x)))))
    net.norm = torch.nn.BatchNorm1d(4, affine=affine)
    net.norm.running_mean.uniform_(-1, 1)
    net.norm.running_var.uniform_(0.5, 2)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        whole = torch.export.export(net.eval(), (torch.zeros(3, 2),))
        found = read_and_compare(whole.run_decompositions(), ROWS)
    assert found[2] == read_and_compare(net, ROWS)[2]
    assert found[0].activation == "softsign"


@pytest.mark.parametrize("keep", [False, True])
@pytest.mark.parametrize("name", ["sum", "mean"])
def test_sums_of_units_are_layers_of_constants(name, keep):
    call = lambda s, x: getattr(torch.tanh(s.first(x)), name)(1, keepdim=keep)  # noqa: E731
    for model in (_Net(call).eval(), program(call), program(call, dynamic=True)):
        problem, _, _ = problem_of_model(model, ROWS, ROWS[:, 0], error="mse")
        assert (str(problem.architecture), problem.architecture.frozen) == ("2-4-1", (2,))
        assert ((Fraction(1, 4 if name == "mean" else 1),),) * 4 == problem.frozen[1].W


REFUSED = {
    "skip connections|slice": lambda s, x: s.last(torch.tanh(s.first(x))) + x[:, :1],
    "cut off from the gradient": lambda s, x: s.last(torch.tanh(s.first(x)).detach()),
    "detach": lambda s, x: functional.linear(torch.tanh(s.first(x)), s.last.weight.detach()),
    "selu": lambda s, x: s.last(functional.selu(s.first(x))),
    "ELU must have alpha=1": lambda s, x: s.last(functional.elu(s.first(x), 2.0)),
    "gelu|GELU": lambda s, x: s.last(functional.gelu(s.first(x), approximate="tanh")),
    "compute what its layers say": lambda s, x: s.last(torch.tanh(s.first(x)).half().float()),
    "a sum is read over": lambda s, x: torch.tanh(s.first(x)).sum(0),
    "return its last layer": lambda s, x: (s.last(torch.tanh(s.first(x))), x),
    "must run on the samples": lambda s, x: {"y": s.last(torch.tanh(s.first(x)))},
    "share weights": lambda s, x: torch.tanh(torch.tanh(s.last(torch.tanh(s.first(x)))) @ s.free.T) @ s.free,
    "function mul": lambda s, x: functional.linear(torch.tanh(s.first(x)), s.free.T * 2),
    "addmm|unusual": lambda s, x: torch.addmm(s.last.bias, torch.tanh(s.first(x)), s.free, beta=2),
    "function add": lambda s, x: torch.add(s.last(torch.tanh(s.first(x))), 2.0, alpha=3),
}


@pytest.mark.parametrize("message", REFUSED)
def test_what_is_no_mlp_is_refused_by_name(message):
    check_refusal(lambda: program(REFUSED[message]), message, ROWS, ROWS[:, 0])


def test_random_outputs_several_inputs_and_single_samples_are_refused():
    check_refusal(lambda: program(READ["tanh "], training=True), "dropout must be off", ROWS, ROWS[:, 0])
    check_refusal(lambda: program(READ["gelu"], training=True), "batch_norm|add_|copy_|function", ROWS, ROWS[:, 0])
    check_refusal(
        lambda: program(READ["relu"], rows=torch.zeros(2)), r"samples as rows, got one for an input of shape \('2',\)", ROWS, ROWS[:, 0]
    )

    class Two(torch.nn.Module):
        def forward(self, x, y):
            return x @ y

    check_refusal(lambda: torch.export.export(Two(), (torch.zeros(3, 2), torch.ones(2, 1))), "one tensor of samples", ROWS, ROWS[:, 0])
    check_refusal(lambda: program(READ["relu"]), "widths|shape", ROWS[:, :1], ROWS[:, 0])


def test_a_program_in_a_file_must_be_trusted(tmp_path):
    path = tmp_path / "net.pt2"
    torch.export.save(program(READ["silu"]), path)
    with pytest.raises(lp.InputError, match="must be trusted"):
        read_model_file(path)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = read_model_file(path, allow_pickle=True)
    assert (found.widths, found.activation) == ((2, 4, 1), "silu")
    path.write_bytes(b"PK no archive")
    with pytest.raises(lp.InputError, match=r"readable \.pt2 file"):
        read_model_file(path, allow_pickle=True)
    torch.export.save(program(READ["silu"]), path)
    with pytest.raises(lp.InputError, match="activations must be left out"):
        read_model_file(path, "tanh", allow_pickle=True)
