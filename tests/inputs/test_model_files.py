"""Models in files: read exactly by suffix, without running anything unless its owner allows it."""

from __future__ import annotations

import json
import pickle
from fractions import Fraction

import numpy as np
import pytest
from cases.command_cases import fail, run
from cases.model_cases import X, Y

import lossproof as lp
from lossproof.certificates.checks.check_model import problem_of_network
from lossproof.certificates.inputs.model_files import read_model_file
from lossproof.certificates.inputs.safetensors_files import read_safetensors

generator = np.random.default_rng(0)


def safetensors(path, kind="F32", **arrays):
    header, content = {}, b""
    for name, array in arrays.items():
        header[name.replace("_", ".")] = {
            "dtype": kind,
            "shape": list(array.shape),
            "data_offsets": [len(content), len(content) + array.nbytes],
        }
        content += array.tobytes()
    text = json.dumps(header).encode()
    path.write_bytes(len(text).to_bytes(8, "little") + text + content)
    return path


def two_layers(kind=np.float32):
    shapes = {"0_weight": (3, 2), "0_bias": (3,), "1_weight": (1, 3), "1_bias": (1,)}
    return {name: generator.normal(size=shape).astype(kind) for name, shape in shapes.items()}


@pytest.mark.parametrize(("kind", "name"), [(np.float16, "F16"), (np.float32, "F32"), (np.float64, "F64")])
def test_safetensors(tmp_path, kind, name):
    arrays = two_layers(kind)
    network = read_model_file(safetensors(tmp_path / "m.safetensors", name, **arrays), "tanh")
    _, weights, _ = problem_of_network(network, X, Y, error="squared")
    assert tuple(tuple(Fraction(float(x)) for x in row) for row in arrays["0_weight"].T) == weights.layers[0].W


def test_bfloat16_in_safetensors(tmp_path):
    bits = np.array([0x3F80, 0xC0A0, 0x0001, 0x7F7F], dtype=np.uint16)
    (found,) = read_safetensors(safetensors(tmp_path / "m.safetensors", "BF16", a=bits)).values()
    assert found.tolist() == [1.0, -5.0, 2.0**-133, 255 * 2.0**120]


def test_files_of_the_library_of_safetensors(tmp_path):
    library = pytest.importorskip("safetensors.numpy")
    arrays = {name.replace("_", "."): array for name, array in two_layers().items()}
    library.save_file(arrays, tmp_path / "m.safetensors", metadata={"format": "np"})
    found = read_safetensors(tmp_path / "m.safetensors")
    assert found.keys() == arrays.keys()
    assert all((found[name] == arrays[name]).all() and found[name].dtype == arrays[name].dtype for name in arrays)


HEADER = b'{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}'
BROKEN = {
    "empty": b"",
    "too short": b"\0" * 7,
    "header beyond the end": (10**6).to_bytes(8, "little") + b"{}",
    "huge header": (2**63).to_bytes(8, "little") + b"{}",
    "no json": (2).to_bytes(8, "little") + b"{[",
    "a list": (2).to_bytes(8, "little") + b"[]",
    "nested": (20000).to_bytes(8, "little") + b"[" * 20000,
    "no numbers": len(HEADER).to_bytes(8, "little") + HEADER,
    "another shape": len(HEADER).to_bytes(8, "little") + HEADER.replace(b"[1]", b"[2]") + b"\0" * 4,
    "negative shape": (len(HEADER) + 1).to_bytes(8, "little") + HEADER.replace(b"[1]", b"[-1]") + b"\0" * 4,
    "whole numbers": len(HEADER).to_bytes(8, "little") + HEADER.replace(b"F32", b"I32") + b"\0" * 4,
    "negative place": len(HEADER).to_bytes(8, "little") + HEADER.replace(b"[0,4]", b"[-4,0]")[: len(HEADER)] + b"\0" * 4,
}


@pytest.mark.parametrize("name", BROKEN)
def test_broken_safetensors(tmp_path, name):
    path = tmp_path / "m.safetensors"
    path.write_bytes(BROKEN[name])
    with pytest.raises(lp.InputError, match=r"must be a .safetensors file|more characters"):
        read_model_file(path, "tanh")


NNET = """// a comment
2,2,1,2,
2,2,1,
0,
-1,0,
1,2,
1/2,0.5,10,
2,1,4,
1,2,
-0.1,4,
0.5,
-1,
1,1,
3e-1,
"""


def test_nnet(tmp_path):
    path = tmp_path / "m.nnet"
    path.write_text(NNET)
    problem, weights, notes = problem_of_network(read_model_file(path), [[0.5, 0.5], [-3, 5]], [[10], [12]])
    assert (problem.architecture.widths, problem.architecture.activation.name) == ((2, 2, 1), "relu")
    assert ((1, Fraction(-1, 10)), (2, 4)) == weights.layers[0].W
    assert weights.layers[1].b == (Fraction(3, 10),)
    assert ((0, 0), (Fraction(-3, 4), Fraction(3, 2))) == problem.samples.X
    assert ((0,), (Fraction(1, 2),)) == problem.samples.Y
    assert any("clipped and scaled" in note for note in notes)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("2,2,1,2,", "3,2,1,2,"),
        ("2,1,4,", "2,0,4,"),
        ("1,1,\n", "1,\n"),
        ("3e-1,\n", ""),
        ("0.5,\n-1", "x,\n-1"),
        (NNET, ""),
        ("3e-1,", "3e-1,\n1,"),
    ],
)
def test_broken_nnet(tmp_path, old, new):
    path = tmp_path / "m.nnet"
    path.write_text(NNET.replace(old, new, 1))
    with pytest.raises(lp.InputError, match=r"must be a .nnet file"):
        read_model_file(path)


def test_onnx(tmp_path):
    onnx = pytest.importorskip("onnx")
    from cases.onnx_cases import two_layers as graph

    model, _ = graph()
    path = tmp_path / "m.onnx"
    onnx.save(model, path)
    assert read_model_file(path).widths == (2, 3, 1)
    onnx.save(model, tmp_path / "e.onnx", save_as_external_data=True, size_threshold=0)
    with pytest.raises(lp.InputError, match="must hold its weights, got some in other files"):
        read_model_file(tmp_path / "e.onnx")
    path.write_bytes(b"no model at all")
    with pytest.raises(lp.InputError, match=r"m.onnx' must be a readable .onnx file"):
        read_model_file(path)


def test_torch(tmp_path):
    torch = pytest.importorskip("torch")
    model = torch.nn.Sequential(torch.nn.Linear(2, 3), torch.nn.Tanh(), torch.nn.Linear(3, 1))
    torch.save(model.state_dict(), tmp_path / "w.pt")
    torch.save({"epoch": 3, "model_state_dict": model.state_dict()}, tmp_path / "c.pth")
    torch.save(model, tmp_path / "m.pt")
    for name in ("w.pt", "c.pth"):
        assert read_model_file(tmp_path / name, "tanh").widths == (2, 3, 1)
    with pytest.raises(lp.InputError, match=r"more than weights, which only a pickle holds.*--allow-pickle"):
        read_model_file(tmp_path / "m.pt")
    assert read_model_file(tmp_path / "m.pt", allow_pickle=True).activation == "tanh"
    (tmp_path / "b.pt").write_bytes(b"no archive")
    with pytest.raises(lp.InputError, match=r"b.pt' must be a readable"):
        read_model_file(tmp_path / "b.pt", "tanh")


class Trap:
    """A pickle that runs something when it is loaded."""

    def __reduce__(self):
        return (pytest.fail, ("a pickle was loaded",))


@pytest.mark.parametrize("suffix", ["pkl", "pickle", "joblib", "pt"])
def test_no_pickle_is_loaded_without_leave(tmp_path, suffix):
    path = tmp_path / f"m.{suffix}"
    path.write_bytes(pickle.dumps(Trap()))
    if suffix == "pt":
        pytest.importorskip("torch")
    with pytest.raises(lp.InputError, match="--allow-pickle"):
        read_model_file(path)
    assert "--allow-pickle" in fail("check", "--model", path, "--data", "xor")


def test_the_command_line(tmp_path):
    path = safetensors(tmp_path / "m.safetensors", **two_layers())
    out = tmp_path / "report.json"
    run("check", "--model", path, "--activation", "tanh", "--data", "xor", "--error", "mse", "--search", "none", "-o", out)
    assert lp.verify(out).ok
    import joblib
    from sklearn.neural_network import MLPClassifier

    model = MLPClassifier(hidden_layer_sizes=(2,), solver="lbfgs", max_iter=50, activation="tanh", random_state=0).fit(X, Y.astype(int))
    joblib.dump(model, tmp_path / "m.joblib")
    said, _ = run("check", "--model", tmp_path / "m.joblib", "--allow-pickle", "--data", "xor", "--search", "none", "-o", out)
    assert "2-2-1" in said
    document = json.loads(out.read_text())
    assert document["problem"]["error"] == "logistic"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["2-2-1", "--model", "M"], "got --model beside WIDTHS"),
        (["--model", "M", "--bias", "none"], "got --model beside --bias"),
        (["--model", "M", "--find-weights"], "got --model beside --find-weights"),
        (["--model", "M"], "give --activation tanh or another"),
        (["--model", "M", "--activation", "tahn"], "did you mean 'tanh'"),
        (["--model", "nowhere.onnx"], "must exist, got no such file"),
        (["--model", "model.h5"], "must end in one of .onnx"),
        ([], "got neither widths nor a model"),
    ],
)
def test_bad_arguments(tmp_path, arguments, message):
    path = safetensors(tmp_path / "m.safetensors", **two_layers())
    assert message in fail("check", *(str(path) if a == "M" else a for a in arguments), "--data", "xor")
