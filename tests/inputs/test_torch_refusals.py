"""Models of torch that would be read as something else than they compute or train are refused by name."""

from __future__ import annotations

import warnings

import pytest
from cases.model_cases import X, Y, mlp, plain_mlp, read_and_compare

import lossproof as lp

torch = pytest.importorskip("torch")
prune = pytest.importorskip("torch.nn.utils.prune")
nn = torch.nn


class OwnForward(nn.Sequential):
    """A Sequential that computes something else."""

    def forward(self, given):
        return torch.cos(super().forward(given))


class OwnLinear(nn.Linear):
    """A Linear that computes something else."""

    def forward(self, given):
        return super().forward(given) + given[:, :1]


def altered(change):
    def make():
        model = plain_mlp()
        change(model)
        return model

    return make


def tied(how):
    model = mlp(nn.Linear(2, 2), nn.Tanh(), nn.Linear(2, 2), nn.Tanh(), nn.Linear(2, 1))
    model[2].weight = how(model[0].weight)
    return model


def tied_layer():
    layer = nn.Linear(2, 2)
    return mlp(layer, nn.Tanh(), layer, nn.Tanh(), nn.Linear(2, 1))


def quietly(make):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return make()


def frozen_bias(layer):
    layer.bias.requires_grad_(False)
    return layer


def replaced(parameter):
    return altered(lambda model: setattr(model[0], "weight", parameter(model[0].weight)))


REFUSED = {
    "subclass of Sequential": (
        lambda: OwnForward(nn.Linear(2, 1)),
        "got the function cos in it after Linear '0': lossproof has no such function",
    ),
    "subclass of Linear": (lambda: mlp(OwnLinear(2, 1)), "got .* in it at '0'"),
    "inner subclass": (lambda: mlp(OwnForward(nn.Linear(2, 3)), nn.Tanh(), nn.Linear(3, 1)), "the function cos in it at '0'"),
    "convolution": (lambda: mlp(nn.Conv2d(1, 1, 1)), "got a Conv2d in it at '0': where its kernel covers the whole input"),
    "normalisation": (
        lambda: mlp(nn.Linear(2, 3), nn.LayerNorm(3), nn.Linear(3, 1)),
        "got a LayerNorm in it at '1': each of its outputs depends on all units",
    ),
    "batch normalisation in training": (lambda: mlp(nn.Linear(2, 3), nn.BatchNorm1d(3)), "BatchNorm1d must use its running statistics"),
    "batch normalisation without statistics": (
        lambda: mlp(nn.Linear(2, 3), nn.BatchNorm1d(3, track_running_stats=False)).eval(),
        "got one with track_running_stats=False, whose outputs depend on all samples",
    ),
    "batch normalisation before no bias": (
        lambda: mlp(nn.BatchNorm1d(2), nn.Linear(2, 3, bias=False)).eval(),
        "got BatchNorm1d '0' before Linear '1', which has none",
    ),
    "batch normalisation before an activation": (
        lambda: mlp(nn.Linear(2, 3), nn.Tanh(), nn.BatchNorm1d(3), nn.ReLU(), nn.Linear(3, 1)).eval(),
        "got BatchNorm1d '2' before ReLU '3'",
    ),
    "batch normalisation last": (
        lambda: mlp(nn.Linear(2, 3), nn.Tanh(), nn.BatchNorm1d(3)).eval(),
        "must not be the last after an activation",
    ),
    "batch normalisation of other widths": (lambda: mlp(nn.Linear(2, 3), nn.BatchNorm1d(4)).eval(), "got 4 in BatchNorm1d '1', 3 beside"),
    "normalisation of a frozen layer": (
        lambda: mlp(nn.Linear(2, 3).requires_grad_(False), nn.BatchNorm1d(3), nn.ReLU(), nn.Linear(3, 1)).eval(),
        "beside a frozen layer must be frozen, got BatchNorm1d '1' beside Linear '0'",
    ),
    "normalisation before a frozen bias": (
        lambda: mlp(nn.BatchNorm1d(2), frozen_bias(nn.Linear(2, 3)), nn.ReLU(), nn.Linear(3, 1)).eval(),
        "must not stand before a trainable weight with a frozen bias, got BatchNorm1d '0' before Linear '1'",
    ),
    "softmax inside": (lambda: mlp(nn.Linear(2, 3), nn.Softmax(1), nn.Linear(3, 1)), "must be its last layer, got softmax of Softmax '1'"),
    "softmax over samples": (lambda: mlp(nn.Linear(2, 3), nn.Softmax(0)), "must run over the outputs of a sample, got dim=0"),
    "another activation": (
        lambda: mlp(nn.Linear(2, 3), nn.Hardswish(), nn.Linear(3, 1)),
        "Hardswish in it at '1': lossproof has no such activation, but Sigmoid",
    ),
    "alpha dropout": (lambda: mlp(nn.Linear(2, 3), nn.AlphaDropout(0.5), nn.Linear(3, 1)).eval(), "AlphaDropout"),
    "module list": (lambda: nn.ModuleList([nn.Linear(2, 1)]), "ModuleList"),
    "parametrized": (
        lambda: mlp(nn.utils.parametrizations.weight_norm(nn.Linear(2, 1))),
        "got a .*ParametrizedLinear in it at '0': call torch.nn.utils.parametrize.remove_parametrizations",
    ),
    "traced": (lambda: quietly(lambda: torch.jit.script(plain_mlp())), "ScriptModule"),
    "a place without a module": (altered(lambda model: model.add_module("last", None)), "NoneType"),
    "forward hook": (altered(lambda model: model[1].register_forward_hook(lambda *given: None)), "a forward hook on a Tanh"),
    "forward pre-hook": (altered(lambda model: model.register_forward_pre_hook(lambda *given: None)), "a forward pre-hook on a Sequential"),
    "backward hook": (altered(lambda model: model[0].register_full_backward_hook(lambda *given: None)), "a backward hook on a Linear"),
    "backward pre-hook": (
        altered(lambda model: model[0].register_full_backward_pre_hook(lambda *given: None)),
        "a backward pre-hook on a Linear",
    ),
    "hook of a weight": (
        altered(lambda model: model[0].weight.register_hook(lambda grad: 0 * grad)),
        "hook on the weight of Linear layer 1",
    ),
    "hook after a gradient": (
        altered(lambda model: model[2].bias.register_post_accumulate_grad_hook(lambda given: None)),
        "a gradient hook on the bias of Linear layer 2",
    ),
    "forward put on a module": (
        altered(lambda model: setattr(model[1], "forward", lambda given: given)),
        "a forward method of its own on a Tanh",
    ),
    "weight norm": (lambda: mlp(nn.utils.parametrizations.weight_norm(nn.Linear(2, 3)), nn.Tanh(), nn.Linear(3, 1)), "ParametrizedLinear"),
    "spectral norm": (
        lambda: mlp(nn.utils.parametrizations.spectral_norm(nn.Linear(2, 3)), nn.Tanh(), nn.Linear(3, 1)),
        "ParametrizedLinear",
    ),
    "weight norm by hooks": (
        lambda: quietly(lambda: mlp(nn.utils.weight_norm(nn.Linear(2, 3)), nn.Tanh(), nn.Linear(3, 1))),
        "a forward pre-hook on a Linear",
    ),
    "pruned": (altered(lambda model: prune.l1_unstructured(model[0], "weight", 1)), "a forward pre-hook on a Linear"),
    "parts of its own": (altered(lambda model: model[0].register_buffer("mask", torch.ones(1))), "parts of its own"),
    "weight that is no parameter": (
        altered(lambda model: (delattr(model[0], "weight"), setattr(model[0], "weight", torch.ones(3, 2)))),
        "parts of its own",
    ),
    "flattened samples": (lambda: mlp(nn.Flatten(0), nn.Linear(8, 1)), "start_dim=0, end_dim=-1"),
    "flattened in part": (lambda: mlp(nn.Flatten(1, 1), nn.Linear(2, 1)), "start_dim=1, end_dim=1"),
    "dropout in training mode": (lambda: mlp(nn.Linear(2, 3), nn.Tanh(), nn.Dropout(0.5), nn.Linear(3, 1)), r"call model.eval\(\) first"),
    "tied layers": (tied_layer, r"must not share weights, got the (\w+) of Linear layer 1 and the \1 of Linear layer 2"),
    "tied weights": (lambda: tied(lambda weight: weight), "must not share weights"),
    "tied in memory": (lambda: tied(lambda weight: nn.Parameter(weight.data)), "must not share weights"),
    "tied to the transpose": (lambda: tied(lambda weight: nn.Parameter(weight.data.T)), "must not share weights"),
    "tied in a part": (
        altered(lambda model: setattr(model[2], "weight", nn.Parameter(model[0].weight.data.reshape(-1)[:3].reshape(1, 3)))),
        "must not share",
    ),
    "one number for all": (replaced(lambda weight: nn.Parameter(torch.ones(1).expand(3, 2))), "each number in a place of its own"),
    "overlapping rows": (
        replaced(lambda weight: nn.Parameter(torch.ones(4).as_strided((3, 2), (1, 1)))),
        "each number in a place of its own",
    ),
    "frozen weight alone": (altered(lambda model: model[0].weight.requires_grad_(False)), "got Linear '0' with a trainable one"),
    "frozen model": (lambda: plain_mlp().requires_grad_(False), "must have a trainable layer"),
    "lazy": (
        lambda: quietly(lambda: nn.Sequential(nn.LazyLinear(3), nn.Tanh(), nn.Linear(3, 1))),
        "LazyLinear in it at '0': run the model once",
    ),
    "meta": (lambda: plain_mlp().to("meta"), "one that is on the device 'meta'"),
    "meta in part": (altered(lambda model: model[2].to("meta")), "on the device 'meta'"),
    "complex": (lambda: nn.Sequential(nn.Linear(2, 1, dtype=torch.complex64)), "floats of 16 to 64 bits, got complex64"),
    "eight bits": (replaced(lambda weight: nn.Parameter(weight.data.to(torch.float8_e5m2))), "got float8_e5m2"),
    "sparse": (replaced(lambda weight: nn.Parameter(weight.data.to_sparse())), "one that is sparse"),
    "vector": (replaced(lambda weight: nn.Parameter(weight.data[0])), "of the usual shape"),
    "mixed types": (
        lambda: mlp(nn.Linear(2, 3), nn.Tanh(), nn.Linear(3, 1).double()),
        "of one type on one device, got float32 on cpu, float64 on cpu",
    ),
    "quantised": (
        lambda: quietly(lambda: torch.ao.quantization.quantize_dynamic(plain_mlp(), {nn.Linear})),
        r"got a torch\.ao\.nn\.quantized\.dynamic\.modules\.linear\.Linear in it",
    ),
    "activation first": (
        lambda: mlp(nn.Tanh(), nn.Linear(2, 1)),
        "each activation of a torch model must come right after a linear layer, got Tanh '0'",
    ),
    "two activations": (lambda: mlp(nn.Linear(2, 1), nn.Tanh(), nn.ReLU()), "got ReLU '2' elsewhere"),
    "elu": (lambda: mlp(nn.Linear(2, 1), nn.ELU(2.0)), "ELU must have alpha=1, got 2.0"),
    "hard-tanh of infinite bounds": (lambda: mlp(nn.Linear(2, 1), nn.Hardtanh(0, float("inf"))), "max_val of Hardtanh must be finite"),
    "gelu": (lambda: mlp(nn.Linear(2, 1), nn.GELU("tanh")), "with approximate='none', got 'tanh': its outputs differ"),
    "softplus": (lambda: mlp(nn.Linear(2, 1), nn.Softplus(beta=-2)), "Softplus '1' must have beta above 0, got -2"),
    "celu": (lambda: mlp(nn.Linear(2, 1), nn.CELU(-1.0)), "CELU '1' must have alpha above 0"),
    "softplus cut off in doubles": (
        lambda: mlp(nn.Linear(2, 1), nn.Softplus()).double(),
        "must not cut off where float64 can tell, got threshold=20",
    ),
    "softplus cut off": (
        lambda: mlp(nn.Linear(2, 1), nn.Softplus(threshold=5)),
        "must not cut off where float32 can tell, got threshold=5",
    ),
    "slope of one": (lambda: mlp(nn.Linear(2, 1), nn.LeakyReLU(1.0)), "strictly between 0 and 1"),
    "slope that is none": (lambda: mlp(nn.Linear(2, 1), nn.LeakyReLU(float("nan"))), "the negative_slope of LeakyReLU must be finite"),
    "no layers": (nn.Sequential, "at least one Linear layer, got none in a Sequential"),
    "shapes that do not fit": (lambda: mlp(nn.Linear(2, 3), nn.Tanh(), nn.Linear(4, 1)), "W_2 must have shape"),
    "no units": (lambda: quietly(lambda: mlp(nn.Linear(2, 0), nn.Tanh(), nn.Linear(0, 1))), "at least 1"),
    "nan": (replaced(lambda weight: nn.Parameter(weight.data * float("nan"))), r"W_1\[0\]\[0\] must be finite"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_refused(name):
    make, message = REFUSED[name]
    model = make()
    with pytest.raises(lp.InputError, match=message) as caught:
        read_and_compare(model)
    assert "\n" not in str(caught.value)
    with pytest.raises(lp.InputError):
        lp.check_model(model, X, Y)
