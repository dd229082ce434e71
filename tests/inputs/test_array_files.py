"""Files of arrays are read with limits, and a broken one is refused, whatever broke it."""

from __future__ import annotations

import random
import zipfile
from contextlib import suppress

import numpy as np
import pytest

from lossproof.certificates.inputs import array_files
from lossproof.certificates.inputs.data_sources import load_data
from lossproof.certificates.inputs.weights_file import load_weights
from lossproof.theory.exceptions import InputError
from lossproof.theory.problem.samples import Samples


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_any_changed_byte_is_read_or_refused(tmp_path, save):
    path = tmp_path / "data.npz"
    save(path, X=[[0.5, 1.0], [2.0, 3.0]], Y=[[1], [0]])
    good, generator = path.read_bytes(), random.Random(0)
    for _ in range(400):
        changed = bytearray(good)
        for _ in range(generator.randint(1, 4)):
            changed[generator.randrange(len(good))] = generator.randrange(256)
        path.write_bytes(bytes(changed[: generator.choice((len(good), generator.randrange(len(good))))]))
        with suppress(InputError):
            source = load_data(str(path), 1)
            Samples.of(source.X, source.Y)


def test_what_unpacks_to_too_much_is_not_unpacked(tmp_path, monkeypatch):
    path = tmp_path / "data.npz"
    np.savez_compressed(path, X=np.zeros((10_000, 2)), Y=np.zeros(10_000))
    assert path.stat().st_size < 2_000
    monkeypatch.setattr(array_files, "MOST_BYTES", 100_000)
    for load in (lambda: load_data(str(path), 1), lambda: load_weights(str(path), 1)):
        with pytest.raises(InputError, match="at most 1 GiB of arrays, got 240"):
            load()


def test_files_that_are_too_large(tmp_path, monkeypatch):
    monkeypatch.setattr(array_files, "MOST_BYTES", 10)
    for name in ("data.csv", "data.npz"):
        (tmp_path / name).write_text("1,2,3\n" * 9, encoding="utf-8")
        with pytest.raises(InputError, match="at most 1 GiB, got 54 bytes"):
            load_data(str(tmp_path / name), 1)


def test_encrypted_and_unknown_compression(tmp_path):
    path = tmp_path / "data.npz"
    np.savez(path, X=[[1.0]], Y=[[1.0]])
    content = bytearray(path.read_bytes())
    for place, value in ((6, 1), (8, 99)):
        changed = bytearray(content)
        start = 0
        while (start := changed.find(b"PK\x03\x04", start)) >= 0:
            changed[start + place] = value
            start += 4
        start = 0
        while (start := changed.find(b"PK\x01\x02", start)) >= 0:
            changed[start + place + 2] = value
            start += 4
        path.write_bytes(bytes(changed))
        with pytest.raises(InputError, match=r"readable \.npz file"):
            load_data(str(path), 1)


def test_members_that_are_no_arrays(tmp_path):
    path = tmp_path / "data.npz"
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("X", "hello")
        file.writestr("Y", "hello")
    with pytest.raises(InputError, match="array of real numbers, got type bytes"):
        load_data(str(path), 1)
    assert array_files.names_in(["n" * 1000] * 20).count("n") == 10 * 120


@pytest.mark.parametrize("name", ["folder.csv", "folder.npz"])
def test_a_folder_is_no_file(tmp_path, name):
    (tmp_path / name).mkdir()
    with pytest.raises(InputError, match="must be a file, got a folder"):
        load_data(str(tmp_path / name), 1)


def test_names_that_the_file_system_does_not_take():
    for load in (lambda: load_data("a" * 5000 + ".npz", 1), lambda: load_weights("a" * 300 + ".json", 1), lambda: load_data("a\0.csv", 1)):
        with pytest.raises(InputError, match="no such file") as caught:
            load()
        assert len(str(caught.value)) < 300
