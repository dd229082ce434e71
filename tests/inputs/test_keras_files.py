"""Files of Keras are loaded when all that they name are layers of an MLP, and nothing in them is run."""

from __future__ import annotations

import importlib.util
import json
import os
from zipfile import ZipFile

import pytest
from cases.command_cases import fail, run
from cases.model_cases import X, Y, problem_of_model

import lossproof as lp
from lossproof.certificates.checks.check_model import problem_of_network
from lossproof.certificates.inputs.model_files import read_model_file

os.environ.setdefault("KERAS_BACKEND", "jax" if importlib.util.find_spec("jax") else "torch")
keras = pytest.importorskip("keras")
layers = keras.layers
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")


def saved(path, *inner, loss="mse"):
    keras.utils.set_random_seed(0)
    model = keras.Sequential([keras.Input((2,)), *inner])
    model.compile(loss=loss)
    model.save(path)
    return model


def changed(path, change):
    """Write the description of a saved model anew, as somebody would who wants his own code to run."""
    with ZipFile(path) as archive:
        held = {name: archive.read(name) for name in archive.namelist()}
    description = json.loads(held["config.json"])
    held["config.json"] = json.dumps(change(description) or description).encode()
    with ZipFile(path, "w") as archive:
        for name, content in held.items():
            archive.writestr(name, content)


def test_a_file_holds_what_the_model_does(tmp_path):
    path = tmp_path / "m.keras"
    inner = [layers.Dense(3, "relu", trainable=False), layers.BatchNormalization(trainable=False), layers.Dropout(0.5)]
    model = saved(path, *inner, layers.Dense(2, "tanh", kernel_regularizer="l2"), layers.Dense(1))
    assert problem_of_network(read_model_file(path), X, Y) == problem_of_model(model, X, Y)
    given = keras.Input((2,))
    functional = keras.Model(given, layers.Dense(1, "sigmoid")(layers.LeakyReLU(0.25)(layers.Dense(2)(given))))
    functional.compile(loss=keras.losses.BinaryCrossentropy())
    functional.save(path)
    assert problem_of_network(read_model_file(path), X, Y) == problem_of_model(functional, X, Y)


def test_the_command_line(tmp_path):
    path, out = tmp_path / "m.keras", tmp_path / "r.json"
    saved(path, layers.Dense(2, "tanh"), layers.Dense(1))
    said, _ = run("check", "--model", path, "--data", "xor", "--error", "mse", "--search", "none", "-o", out)
    assert "2-2-1" in said
    assert lp.verify(out).ok
    path.write_bytes(b"no archive")
    assert "must be a readable .keras file, got no archive of a model" in fail("check", "--model", path, "--data", "xor")


def test_files_name_the_optimizers_of_a_backend(tmp_path):
    """As Keras writes them where it runs on torch."""
    pytest.importorskip("torch")
    path = tmp_path / "m.keras"
    model = saved(path, layers.Dense(2, "tanh"), layers.Dense(1))

    def named(module):
        return lambda description: description["compile_config"]["optimizer"].update(module=module)

    changed(path, named("keras.src.backend.torch.optimizers.torch_rmsprop"))
    assert problem_of_network(read_model_file(path), X, Y)[:2] == problem_of_model(model, X, Y)[:2]
    for other in ("keras.src.backend.torch.optimizers.os.path", "keras.src.backend.torch.core", "keras.src.backend.numpy.optimizers.x"):
        changed(path, named(other))
        with pytest.raises(lp.InputError, match="which is not loaded"):
            read_model_file(path)


def lambda_layer(description):
    function = {"class_name": "__lambda__", "config": {"value": ["4wEAAA==", None, None]}}
    description["config"]["layers"][1] = {
        "module": "keras.layers", "class_name": "Lambda", "config": {"name": "f", "function": function}, "registered_name": None,
    }  # fmt: skip


def put(key, value):
    def change(description):
        description["config"]["layers"][1]["config"][key] = value

    return change


def named(module, name):
    def change(description):
        description["config"]["layers"][1] |= {"module": module, "class_name": name}

    return change


FOREIGN = {
    "lambda layer": (lambda_layer, "got '(Lambda|__lambda__)'"),
    "lambda as activation": (put("activation", {"class_name": "__lambda__", "config": {"value": ["4wEAAA=="]}}), "got '__lambda__'"),
    "function of a module": (
        put("activation", {"module": "os", "class_name": "function", "config": "system", "registered_name": "system"}),
        "got 'function' of 'os'",
    ),
    "function of Keras": (
        put("activation", {"module": "keras.utils", "class_name": "function", "config": "get_file", "registered_name": "get_file"}),
        "got 'function' of 'keras.utils'",
    ),
    "class of a module": (named("subprocess", "Popen"), "got 'Popen' of 'subprocess'"),
    "function under a layer's module": (named("keras.losses", "deserialize"), "got 'deserialize' of 'keras.losses'"),
    "module without a class": (put("anything", {"module": "os"}), "got None of 'os'"),
    "class of no module": (put("anything", {"class_name": "Dense"}), "got 'Dense' of None"),
    "module that is no text": (put("anything", {"class_name": "Dense", "module": ["keras.layers"]}), "got 'Dense' of"),
    "wrapper of torch": (named("keras.layers", "TorchModuleWrapper"), "got 'TorchModuleWrapper' of 'keras.layers'"),
    "model of TensorFlow": (named("keras.layers", "TFSMLayer"), "got 'TFSMLayer'"),
    "own loss": (lambda d: d["compile_config"].update(loss={"module": "mine", "class_name": "Loss", "config": {}}), "got 'Loss' of 'mine'"),
    "deep in lists": (put("anything", [[{"a": [{"module": "os", "class_name": "system"}]}]]), "got 'system' of 'os'"),
}


@pytest.mark.parametrize("name", FOREIGN)
def test_what_might_run_is_not_loaded(tmp_path, name, monkeypatch):
    change, message = FOREIGN[name]
    path = tmp_path / "m.keras"
    saved(path, layers.Dense(2, "tanh"), layers.Dense(1))
    changed(path, change)
    monkeypatch.setattr(keras.saving, "load_model", lambda *given, **options: pytest.fail("it was loaded"))
    with pytest.raises(lp.InputError, match=message):
        read_model_file(path)


BROKEN = {
    "no description": lambda path: ZipFile(path, "w").close(),
    "empty": lambda path: path.write_bytes(b""),
    "a list": lambda path: changed(path, lambda description: [1]),
    "nested": lambda path: changed(path, lambda description: json.loads("[" * 900 + "]" * 900)),
    "unknown activation": lambda path: changed(path, put("activation", "exec")),
    "other shapes": lambda path: changed(path, put("units", 5)),
    "no units": lambda path: changed(path, put("units", "many")),
}


@pytest.mark.parametrize("name", BROKEN)
def test_broken_files(tmp_path, name):
    path = tmp_path / "m.keras"
    saved(path, layers.Dense(2, "tanh"), layers.Dense(1))
    BROKEN[name](path)
    with pytest.raises(lp.InputError, match=r"must be a readable \.keras file") as caught:
        read_model_file(path)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 500


def test_other_layers_are_refused_by_name(tmp_path):
    path = tmp_path / "m.keras"
    saved(path, layers.Dense(2), layers.LayerNormalization(), layers.Dense(1))
    with pytest.raises(lp.InputError, match=r"got 'LayerNormalization' of 'keras\.layers', which is not loaded"):
        read_model_file(path)
