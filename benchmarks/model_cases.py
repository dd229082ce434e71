"""The models of `benchmarks.models`: each a function that trains one and gives it with its samples and the arguments of `check_model`."""

from __future__ import annotations

import importlib.util
import os
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.compose import TransformedTargetRegressor
from sklearn.datasets import load_breast_cancer, load_diabetes, load_iris, load_wine
from sklearn.model_selection import GridSearchCV
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler, RobustScaler, StandardScaler

Made = tuple[Any, Any, Any, dict[str, Any]]

XOR = (np.array([[0.0, 0], [0, 1], [1, 0], [1, 1]]), np.array([0.0, 1, 1, 0]))
_GENERATOR = np.random.default_rng(0)
CURVE = np.round(_GENERATOR.normal(size=(20, 2)), 3)
SINE = np.round(np.sin(2 * CURVE[:, 0]) + CURVE[:, 1] ** 2 / 4, 3)
PAIR = np.column_stack([SINE, np.round(np.cos(CURVE[:, 1]), 3)])
SIDES = (CURVE[:, 0] * CURVE[:, 1] > 0).astype(int)
THIRDS = np.digitize(SINE, np.quantile(SINE, [1 / 3, 2 / 3]))
UNIT = np.eye(3)[THIRDS]


@dataclass(frozen=True)
class Case:
    """A model to be trained: ``make`` gives it, or the bytes of a file called ``file``, with samples and arguments."""

    framework: str
    name: str
    loss: str
    make: Callable[[], Made]
    file: str = ""


def _first(load: Callable[[], Any], T: int) -> tuple[Any, Any]:
    """Return every k-th sample of a set of scikit-learn, T of them, in single precision."""
    data = load()
    chosen = np.linspace(0, len(data.data) - 1, T).astype(int)
    return data.data[chosen].astype(np.float32), data.target[chosen]


def _sklearn(name: str, loss: str, model: Any, X: Any, Y: Any) -> Case:
    return Case("scikit-learn", name, loss, lambda: (model.fit(X, Y), X, Y, {}))


def _mlp(kind: Any, sizes: tuple[int, ...], activation: str, **options: Any) -> Any:
    return kind(
        **{
            "hidden_layer_sizes": sizes,
            "activation": activation,
            "solver": "lbfgs",
            "random_state": 0,
            "max_iter": 2000,
            "tol": 1e-9,
            **options,
        }
    )


def _of_sklearn() -> Iterator[Case]:
    R, C = MLPRegressor, MLPClassifier
    iris, wine, cancer, diabetes = (
        _first(load, T) for load, T in ((load_iris, 30), (load_wine, 18), (load_breast_cancer, 24), (load_diabetes, 24))
    )
    yield _sklearn("`MLPRegressor` tanh, XOR", "squared", _mlp(R, (3,), "tanh", alpha=0), *XOR)
    yield _sklearn("`MLPRegressor` tanh", "squared, alpha", _mlp(R, (4,), "tanh", alpha=0.01), CURVE, SINE)
    yield _sklearn("`MLPRegressor` logistic", "squared, alpha", _mlp(R, (3,), "logistic", alpha=0.1), CURVE, SINE)
    yield _sklearn("`MLPRegressor` relu", "squared", _mlp(R, (5,), "relu", alpha=0), CURVE, SINE)
    yield _sklearn("`MLPRegressor` identity", "squared", _mlp(R, (2,), "identity", alpha=0), CURVE, SINE)
    yield _sklearn("`MLPRegressor` without hidden layer", "squared, alpha", _mlp(R, (), "tanh", alpha=0.5), CURVE, SINE)
    yield _sklearn("`MLPRegressor` two hidden layers", "squared, alpha", _mlp(R, (4, 3), "tanh"), CURVE, SINE)
    yield _sklearn("`MLPRegressor` two outputs", "squared, alpha", _mlp(R, (4,), "tanh", alpha=0.01), CURVE, PAIR)
    yield _sklearn(
        "`MLPRegressor` adam in batches", "squared, alpha", _mlp(R, (4,), "tanh", solver="adam", batch_size=5, max_iter=200), CURVE, SINE
    )
    yield _sklearn("`MLPRegressor` sgd, float32", "squared, alpha", _mlp(R, (4,), "tanh", solver="sgd"), CURVE.astype(np.float32), SINE)
    yield _sklearn("`MLPClassifier` XOR", "log-loss, alpha", _mlp(C, (2,), "tanh", alpha=0.1), XOR[0], XOR[1].astype(int))
    yield _sklearn("`MLPClassifier` binary", "log-loss, alpha", _mlp(C, (3,), "tanh", alpha=0.1), CURVE, SIDES)
    yield _sklearn("`MLPClassifier` three classes", "log-loss, alpha", _mlp(C, (3,), "logistic", alpha=0.1), CURVE, THIRDS)
    yield _sklearn("`MLPClassifier` multilabel", "log-loss, alpha", _mlp(C, (3,), "tanh"), CURVE, np.column_stack([SIDES, THIRDS > 1]))
    yield _sklearn(
        "scaled `MLPClassifier`, iris", "log-loss, alpha", make_pipeline(StandardScaler(), _mlp(C, (3,), "tanh", alpha=0.1)), *iris
    )
    yield _sklearn("scaled `MLPClassifier`, wine", "log-loss, alpha", make_pipeline(MinMaxScaler(), _mlp(C, (2,), "relu")), *wine)
    yield _sklearn(
        "scaled `MLPClassifier`, breast-cancer", "log-loss, alpha", make_pipeline(RobustScaler(), _mlp(C, (2,), "tanh")), *cancer
    )
    scaled = TransformedTargetRegressor(make_pipeline(StandardScaler(), _mlp(R, (3,), "tanh", alpha=0.1)), transformer=StandardScaler())
    yield _sklearn("scaled targets, diabetes", "squared, alpha", scaled, *diabetes)
    yield _sklearn("`GridSearchCV`", "log-loss, alpha", GridSearchCV(_mlp(C, (2,), "tanh"), {"alpha": [0.1, 1]}, cv=2), CURVE, SIDES)


def _train_torch(model: Any, loss: Any, X: Any, Y: Any, decay: float) -> Any:
    """Minimise a loss of torch plus ``(decay/2) Σ w²`` in all weights; those that are frozen do not move."""
    import torch

    inputs, targets = torch.tensor(X), torch.tensor(Y)
    kind = next(model.parameters()).dtype
    options = {"tolerance_grad": 1e-12, "tolerance_change": 1e-16, "line_search_fn": "strong_wolfe"}
    optimizer = torch.optim.LBFGS(model.parameters(), max_iter=2000, **options)

    def closure() -> Any:
        optimizer.zero_grad()
        value = loss(model(inputs.to(kind)), targets if targets.dtype == torch.int64 else targets.to(kind))
        value = value + decay / 2 * sum((w * w).sum() for w in model.parameters())
        value.backward()
        return value

    optimizer.step(closure)
    return model.eval()


def _torch(
    name: str,
    loss: str,
    build: Callable[[Any], Any],
    Y: Any,
    criterion: str,
    options: dict[str, Any],
    X: Any = CURVE,
    *,
    exported: bool = False,
) -> Case:
    def make() -> Made:
        import torch

        torch.manual_seed(0)
        outputs = Y.shape[1] if Y.ndim > 1 else 1
        times = {"MSELoss": 2 / outputs, "CrossEntropyLoss": 1.0}.get(criterion, 1 / outputs)
        decay = times * float(options.get("weight_decay", 0))
        model = _train_torch(
            build(torch.nn), getattr(torch.nn, criterion)(), X, Y if Y.ndim > 1 or Y.dtype.kind == "i" else Y[:, None], decay
        )
        targets = np.eye(3)[Y] if Y.dtype.kind == "i" else Y
        return torch.export.export(model, (torch.tensor(X),)) if exported else model, X, targets, options

    return Case("torch", name, loss, make)


def _user_module(nn: Any) -> Any:
    import torch

    class Net(nn.Module):  # type: ignore[misc]
        """An MLP as users write it."""

        def __init__(self) -> None:
            super().__init__()
            self.first, self.last = nn.Linear(2, 4), nn.Linear(4, 1)

        def forward(self, x: Any) -> Any:
            return self.last(torch.tanh(self.first(x.view(x.size(0), -1))))

    return Net().double()


def _normalised(nn: Any) -> Any:
    return nn.Sequential(nn.BatchNorm1d(2), nn.Linear(2, 4, bias=True), nn.BatchNorm1d(4), nn.Tanh(), nn.Linear(4, 1)).double()


def _frozen_first(nn: Any) -> Any:
    return nn.Sequential(nn.Linear(2, 6).requires_grad_(False), nn.ReLU(), nn.Linear(6, 1)).double()


def _frozen_first_of_three(nn: Any) -> Any:
    return nn.Sequential(nn.Linear(2, 6).requires_grad_(False), nn.ReLU(), nn.Linear(6, 3), nn.Tanh(), nn.Linear(3, 1)).double()


def _frozen_tanh(nn: Any) -> Any:
    return nn.Sequential(nn.Linear(2, 8).requires_grad_(False), nn.Tanh(), nn.Linear(8, 1)).double()


def _committee(nn: Any) -> Any:
    """Return a committee machine: eight tanh units, whose outputs are added up with the signs ±1."""
    import torch

    model = nn.Sequential(nn.Linear(2, 8), nn.Tanh(), nn.Linear(8, 1, bias=False)).double()
    with torch.no_grad():
        model[2].weight.copy_(torch.tensor([[1.0, -1.0] * 4]))
    model[2].requires_grad_(False)
    return model


def _frozen_middle(nn: Any) -> Any:
    middle = nn.Linear(4, 3).requires_grad_(False)
    return nn.Sequential(nn.Linear(2, 4), nn.Tanh(), middle, nn.Tanh(), nn.Linear(3, 1)).double()


def _standardised(nn: Any) -> Any:
    class Standardised(nn.Module):  # type: ignore[misc]
        """An MLP of parameters, with a fixed scale of its inputs."""

        def __init__(self) -> None:
            super().__init__()
            self.hidden, self.last = nn.Linear(2, 4), nn.Linear(4, 1)

        def forward(self, x: Any) -> Any:
            return self.last(((x - 0.5) / 3 @ self.hidden.weight.T + self.hidden.bias).tanh())

    return Standardised().double()


def _of_torch() -> Iterator[Case]:
    def two(activation: str, n: int = 1, *last: str, hidden: int = 4, **options: Any) -> Callable[[Any], Any]:
        return lambda nn: nn.Sequential(
            nn.Linear(2, hidden, **options),
            getattr(nn, activation)(),
            nn.Linear(hidden, n, **options),
            *(getattr(nn, name)() for name in last),
        ).double()

    decay = {"weight_decay": 0.0078125}
    sides, both = SIDES.astype(float), np.column_stack([SIDES, THIRDS > 1]).astype(float)
    yield _torch("`Sequential` tanh, XOR", "MSE", two("Tanh", hidden=3), XOR[1], "MSELoss", {"error": "mse"}, XOR[0])
    for activation in ("Tanh", "Sigmoid", "ReLU", "SiLU", "GELU", "ELU", "Softsign", "Mish"):
        yield _torch(f"`Sequential` {activation}", "MSE, decay", two(activation), SINE, "MSELoss", {"error": "mse", **decay})
    for activation in ("ReLU6", "Hardsigmoid", "LogSigmoid"):
        yield _torch(f"`Sequential` {activation}", "MSE", two(activation), SINE, "MSELoss", {"error": "mse"})
    yield _torch("two outputs", "MSE, decay", two("Tanh", 2), PAIR, "MSELoss", {"error": "mse", **decay})
    yield _torch("without biases", "MSE, decay", two("Tanh", bias=False), SINE, "MSELoss", {"error": "mse", **decay})
    yield _torch("sums", "BCEWithLogits, decay", two("Tanh"), sides, "BCEWithLogitsLoss", {"error": "bce", **decay})
    yield _torch("last `Sigmoid`", "BCE, decay", two("Tanh", 1, "Sigmoid"), sides, "BCELoss", {"error": "bce", **decay})
    yield _torch("last `Sigmoid`, two labels", "BCE, decay", two("Tanh", 2, "Sigmoid"), both, "BCELoss", {"error": "bce", **decay})
    yield _torch("last `Sigmoid`", "MSE, decay", two("Tanh", 1, "Sigmoid"), sides, "MSELoss", {"error": "mse", **decay})
    yield _torch("sums", "CrossEntropy, decay", two("Tanh", 3), THIRDS, "CrossEntropyLoss", {"error": "cross-entropy", **decay})
    yield _torch("user's `Module`", "MSE, decay", _user_module, SINE, "MSELoss", {"error": "mse", **decay})
    yield _torch("two `BatchNorm1d`", "MSE, decay", _normalised, SINE, "MSELoss", {"error": "mse", **decay})
    yield _torch("frozen first layer", "MSE", _frozen_first, SINE, "MSELoss", {"error": "mse"})
    yield _torch("frozen first of three layers", "MSE, decay", _frozen_first_of_three, SINE, "MSELoss", {"error": "mse", **decay})
    yield _torch("frozen first layer of tanh", "MSE", _frozen_tanh, SINE, "MSELoss", {"error": "mse"})
    yield _torch("fixed last layer, ±1", "MSE", _committee, SINE, "MSELoss", {"error": "mse"})
    yield _torch("fixed last layer, ±1", "MSE, decay", _committee, SINE, "MSELoss", {"error": "mse", **decay})
    yield _torch("frozen middle layer", "MSE, decay", _frozen_middle, SINE, "MSELoss", {"error": "mse", **decay})
    yield _torch("program of `torch.export`", "MSE, decay", _user_module, SINE, "MSELoss", {"error": "mse", **decay}, exported=True)
    yield _torch("user's `Module` with constants", "MSE, decay", _standardised, SINE, "MSELoss", {"error": "mse", **decay})
    yield _torch("`Linear` alone", "MSE", lambda nn: nn.Linear(2, 1).double(), SINE, "MSELoss", {"error": "mse"})
    yield _torch("bfloat16", "MSE, decay", lambda nn: two("Tanh")(nn).bfloat16(), SINE, "MSELoss", {"error": "mse", **decay})


def _of_weights() -> Iterator[Case]:
    g = np.random.default_rng(1)
    W, b, V, c = g.normal(size=(2, 4)), g.normal(size=4), g.normal(size=(4, 1)), g.normal(size=1)

    def pytree() -> Made:
        return [(W, b), (V, c)], CURVE, SINE, {"activation": "tanh"}

    def flax() -> Made:
        tree = {"params": {"Dense_0": {"kernel": W, "bias": b}, "Dense_1": {"kernel": V, "bias": c}}}
        return tree, CURVE, SINE, {"activation": "relu", "weight_decay": "1/100"}

    def state_dict() -> Made:
        held = {"0.weight": W.T, "0.bias": b, "2.weight": V.T, "2.bias": c}
        return held, CURVE, SIDES, {"activation": "silu", "error": "bce"}

    yield Case("JAX", "list of pairs", "MSE", pytree)
    yield Case("Flax", "pytree of `Dense` layers", "MSE, decay", flax)
    yield Case("torch", "`state_dict`", "BCE", state_dict)


def _of_flax() -> Iterator[Case]:
    def module() -> Made:
        import jax
        from flax import nnx

        class Net(nnx.Module):
            """An MLP as users write it."""

            def __init__(self) -> None:
                rngs = nnx.Rngs(0)
                self.first, self.last = nnx.Linear(2, 4, rngs=rngs), nnx.Linear(4, 1, rngs=rngs)

            def __call__(self, x: jax.Array) -> Any:
                return self.last(nnx.tanh(self.first(x)))

        return Net(), CURVE, SINE, {"error": "mse"}

    def bound() -> Made:
        import jax
        from flax import linen

        model = linen.Sequential([linen.Dense(4), linen.silu, linen.Dense(3), linen.log_softmax])
        return model.bind(model.init(jax.random.PRNGKey(0), CURVE)), CURVE, UNIT, {"error": "cross-entropy"}

    def normalised() -> Made:
        import jax
        from flax import nnx

        rngs = nnx.Rngs(0)
        model = nnx.Sequential(
            nnx.Linear(2, 4, rngs=rngs), nnx.BatchNorm(4, rngs=rngs), partial(jax.nn.gelu, approximate=False), nnx.Linear(4, 1, rngs=rngs)
        )
        model(jax.numpy.asarray(CURVE, "float32"))
        model.eval()
        return model, CURVE, SINE, {"error": "mse"}

    def readout() -> Made:
        import jax
        from flax import nnx

        class Committee(nnx.Module):
            """A fixed readout of one hidden layer."""

            def __init__(self) -> None:
                self.first = nnx.Linear(2, 8, rngs=nnx.Rngs(0))

            def __call__(self, x: jax.Array) -> Any:
                return nnx.tanh(self.first(x)) @ jax.numpy.array([[1.0], [-1.0]] * 4)

        return Committee(), CURVE, SINE, {"error": "mse"}

    yield Case("Flax", "user's `nnx.Module`", "MSE", module)
    yield Case("Flax", "constant last layer, ±1", "MSE", readout)
    yield Case("Flax", "`nnx.Sequential` with `BatchNorm`, gelu", "MSE", normalised)
    yield Case("Flax", "bound `linen.Sequential`", "cross-entropy", bound)


def _of_equinox() -> Iterator[Case]:
    def make(activation: str, last: str, Y: Any, error: str) -> Made:
        import equinox as eqx
        import jax

        functions = {"tanh": jax.numpy.tanh, "relu": jax.nn.relu, "sigmoid": jax.nn.sigmoid}
        final = {"final_activation": functions[last]} if last else {}
        model = eqx.nn.MLP(2, 1, 4, 1, activation=functions[activation], key=jax.random.PRNGKey(0), **final)
        return model, CURVE, Y, {"error": error}

    def module() -> Made:
        import equinox as eqx
        import jax

        class Net(eqx.Module):
            """An MLP as users write it."""

            hidden: jax.Array
            last: eqx.nn.Linear

            def __call__(self, x: jax.Array) -> Any:
                return self.last(jax.nn.softplus(self.hidden @ x))

        key, other = jax.random.split(jax.random.PRNGKey(0))
        return Net(jax.random.normal(key, (4, 2)), eqx.nn.Linear(4, 1, key=other)), CURVE, SINE, {"error": "mse"}

    yield Case("Equinox", "user's `eqx.Module`", "MSE", module)
    yield Case("Equinox", "`MLP` tanh", "MSE", lambda: make("tanh", "", SINE, "mse"))
    yield Case("Equinox", "`MLP` relu", "MSE", lambda: make("relu", "", SINE, "mse"))
    yield Case("Equinox", "`MLP`, sigmoid last", "BCE", lambda: make("tanh", "sigmoid", SIDES, "bce"))


def _of_keras() -> Iterator[Case]:
    def make(activation: str, n: int, last: str, loss: str, Y: Any, l2: float = 0.0, norm: str = "", frozen: int = 0) -> Made:
        os.environ.setdefault("KERAS_BACKEND", "jax" if importlib.util.find_spec("jax") else "torch")
        import keras

        keras.utils.set_random_seed(0)
        options = {"kernel_regularizer": keras.regularizers.L2(l2)} if l2 else {}
        layers = [keras.Input((2,)), keras.layers.Dense(4, activation, **options), keras.layers.Dense(n, last or None, **options)]
        if norm:
            layers.insert(2 if norm == "BatchNormalization" else 1, getattr(keras.layers, norm)())
        if norm == "Normalization":
            layers[1].adapt(CURVE)
        layers[1].trainable = frozen != 1 and norm != "Normalization"
        layers[-1].trainable = frozen != 2
        model = keras.Sequential(layers)
        model.compile(loss=loss)
        model.fit(CURVE, Y, epochs=5, verbose=0)
        return model, CURVE, Y, {}

    yield Case("Keras", "`Sequential` tanh", "mse", lambda: make("tanh", 1, "", "mse", SINE))
    yield Case("Keras", "`Sequential` relu", "mse, l2", lambda: make("relu", 1, "", "mse", SINE, 0.01))
    yield Case(
        "Keras", "`Sequential`, sigmoid last", "binary_crossentropy", lambda: make("tanh", 1, "sigmoid", "binary_crossentropy", SIDES)
    )
    yield Case(
        "Keras",
        "`Sequential`, softmax last",
        "categorical_crossentropy",
        lambda: make("tanh", 3, "softmax", "categorical_crossentropy", UNIT),
    )
    yield Case(
        "Keras",
        "`Sequential`, labels",
        "sparse cross-entropy, l2",
        lambda: make("silu", 3, "softmax", "sparse_categorical_crossentropy", THIRDS, 0.01),
    )
    yield Case("Keras", "frozen first layer", "mse", lambda: make("relu", 1, "", "mse", SINE, frozen=1))
    yield Case("Keras", "frozen last layer", "mse, l2", lambda: make("relu", 1, "", "mse", SINE, 0.01, frozen=2))

    def saved() -> Made:
        model, X, Y, options = make("tanh", 1, "", "mse", SINE)
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "m.keras"
            model.save(path)
            return path.read_bytes(), X, Y, options

    yield Case("Keras", "`.keras` file", "mse", saved, "m.keras")
    yield Case("Keras", "`BatchNormalization`", "mse", lambda: make("tanh", 1, "", "mse", SINE, norm="BatchNormalization"))
    yield Case("Keras", "`Normalization`", "mse, l2", lambda: make("tanh", 1, "", "mse", SINE, 0.01, norm="Normalization"))


def _of_files() -> Iterator[Case]:
    g = np.random.default_rng(2)
    W, b, V, c = (np.asarray(g.normal(size=shape), np.float32) for shape in ((2, 4), 4, (4, 1), 1))

    def onnx(activation: str, last: str, Y: Any, options: dict[str, Any]) -> Made:
        from onnx import TensorProto, helper, numpy_helper

        nodes = [
            helper.make_node("Gemm", ["x", "W", "b"], ["u"]),
            helper.make_node(activation, ["u"], ["v"]),
            helper.make_node("MatMul", ["v", "V"], ["w"]),
            helper.make_node("Add", ["w", "c"], ["y" if not last else "z"]),
        ]
        nodes += [helper.make_node(last, ["z"], ["y"])] if last else []
        places = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [None, n]) for name, n in (("x", 2), ("y", 1))]
        constants = [numpy_helper.from_array(value, name) for name, value in zip("WbVc", (W, b, V, c), strict=True)]
        graph = helper.make_graph(nodes, "mlp", places[:1], places[1:], constants)
        return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)]).SerializeToString(), CURVE, Y, options

    def nnet() -> Made:
        lines = ["// a network of relu units", "2,2,1,4,", "2,4,1,", "0,", "-10,-10,", "10,10,", "0,0,0,", "2,2,1,"]
        for matrix, bias in ((W, b), (V, c)):
            lines += [",".join(repr(float(x)) for x in row) + "," for row in matrix.T] + [f"{float(x)!r}," for x in bias]
        return "\n".join(lines).encode(), CURVE, SINE, {}

    yield Case("ONNX", "`Gemm`, `Tanh`, `MatMul`, `Add`", "MSE", lambda: onnx("Tanh", "", SINE, {"error": "mse"}), "m.onnx")
    yield Case("ONNX", "`Relu`", "MSE", lambda: onnx("Relu", "", SINE, {"error": "mse"}), "m.onnx")
    yield Case("ONNX", "`Sigmoid` last", "BCE", lambda: onnx("Tanh", "Sigmoid", SIDES, {"error": "bce"}), "m.onnx")
    yield Case("ONNX", "`Softplus`, decay", "MSE", lambda: onnx("Softplus", "", SINE, {"error": "mse", "weight_decay": "1/50"}), "m.onnx")
    yield Case(".nnet", "relu with scaling", "MSE", nnet, "m.nnet")


CASES = (*_of_sklearn(), *_of_torch(), *_of_weights(), *_of_flax(), *_of_equinox(), *_of_keras(), *_of_files())
