"""Tables of pandas and tensors of torch are read exactly; what of these libraries is not, and all of others, is refused by name."""

from __future__ import annotations

import math
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest

import lossproof as lp
from lossproof.theory.exceptions import InputError
from lossproof.theory.problem.samples import exact_rows

COLUMN = ((Fraction(1, 2),), (Fraction(3),))


def frames():
    pd = pytest.importorskip("pandas")
    index = [7, 3]
    return {
        "labels that are numbers": pd.DataFrame([[0.5], [3.0]]),
        "labels and index": pd.DataFrame({"a": [0.5, 3.0]}, index=index),
        "objects": pd.DataFrame({"a": [0.5, 3]}, dtype=object),
        "texts": pd.DataFrame({0: ["1/2", "3"]}),
        "nullable": pd.DataFrame({0: pd.array([0.5, 3], dtype="Float64")}),
        "small floats": pd.DataFrame({0: [0.5, 3]}, dtype=np.float16),
        "sparse": pd.DataFrame({0: pd.arrays.SparseArray([0.5, 3.0])}),
        "series": pd.Series([0.5, 3.0], index=index, name=9),
        "fractions": pd.Series([Fraction(1, 2), Decimal(3)]),
        "rows": pd.Series([[0.5], [3]]),
    }


def test_frames_are_read_by_their_values():
    for name, given in frames().items():
        assert exact_rows(given, "X") == COLUMN, name
    pd = pytest.importorskip("pandas")
    mixed = pd.DataFrame({"a": [2**53 + 1, 0], "b": [0.1, 0.5], "c": [True, False]}, index=["x", "y"])
    assert exact_rows(mixed, "X") == ((2**53 + 1, Fraction(0.1), 1), (0, Fraction(1, 2), 0))
    assert exact_rows(pd.DataFrame([[1, 2]], columns=["same", "same"]), "X") == ((1, 2),)


def test_a_frame_is_the_problem_that_its_values_are():
    pd = pytest.importorskip("pandas")
    X, Y = [[5.0], [6.0], [7.0]], [[1.0], [0.0], [2.0]]
    report = lp.check_architecture("1-4-1", pd.DataFrame(X), pd.DataFrame(Y))
    assert report.problem.samples == lp.Samples.of(X, Y)
    W, b = pd.DataFrame([[1.0, 2.0]]), pd.Series([0.0, 1.0], index=[4, 2])
    assert (
        lp.Weights.of(lp.Architecture.of("1-2"), [(W, b)]).layers[0]
        == lp.Weights.of(lp.Architecture.of("1-2"), [([[1, 2]], [0, 1])]).layers[0]
    )


def test_tables_of_pyarrow():
    pa = pytest.importorskip("pyarrow")
    table = pa.table({"a": [2**53 + 1, 0], "b": [0.1, 0.5], "c": [True, False], "d": [Decimal("0.1"), Decimal(2)], "e": ["1/3", "2"]})
    rows = ((2**53 + 1, Fraction(0.1), 1, Fraction(1, 10), Fraction(1, 3)), (0, Fraction(1, 2), 0, 2, 2))
    assert exact_rows(table, "X") == rows
    assert exact_rows(table.column("b"), "Y") == ((Fraction(0.1),), (Fraction(1, 2),))
    targets = pa.table({"class": pa.array(["u", "v"]).dictionary_encode()})
    report = lp.check_architecture("2-1", table.select(["a", "b"]), targets, error="logistic", search="none")
    assert "The inputs are the columns a, b. The target is the column class." in report.notes
    assert report.problem.samples == lp.Samples.of([row[:2] for row in rows], [[0], [1]])
    for column, message in (
        (pa.array([1.0, None]), "column 'a' of X must have no entry missing, got 1 missing"),
        (pa.array([1.0, math.inf]), "column 'a' of X must be finite"),
        (pa.array(["u", "v"]).dictionary_encode(), "column 'a' of X must hold numbers, got categories"),
        (pa.array([1, 2], pa.timestamp("s")), "column 'a' of X must hold real numbers, got entries of type timestamp"),
        (pa.array([[1], [2]]), "column 'a' of X must hold real numbers, got entries of type list"),
    ):
        with pytest.raises(InputError, match=message):
            exact_rows(pa.table({"a": column}), "X")


def test_frames_that_are_refused():
    pd = pytest.importorskip("pandas")

    class Frame(pd.DataFrame):
        """A frame of another kind."""

    for given in (
        pd.DataFrame({"a": ["x", "y"]}), pd.DataFrame({"a": [1.0, None]}), pd.DataFrame({"a": pd.array([1, None], dtype="Int64")}), pd.Series([1, pd.NA]),
        pd.DataFrame({"a": pd.to_datetime(["2020-01-01"])}), pd.DataFrame({"a": pd.to_timedelta([1])}), pd.DataFrame({"a": [1j]}), pd.DataFrame(),
        pd.DataFrame(index=[0, 1]), pd.Index([1, 2]), pd.array([1, 2]), Frame({"a": [1.0]}), pd.DataFrame({"a": pd.interval_range(0, 2)}),
        pd.DataFrame({"a": pd.Categorical([0.5, 3.0])}), pd.DataFrame({"a": pd.period_range("2020", periods=2)}), pd.DataFrame({"a": [1.0]}).groupby("a"),
        pd.Series([pd.NaT]), [pd.DataFrame({"a": [1.0]})],
    ):  # fmt: skip
        with pytest.raises(InputError) as caught:
            exact_rows(given, "X")
        assert "\n" not in str(caught.value)


def test_other_containers_of_arrow_are_refused():
    pa = pytest.importorskip("pyarrow")
    for given in (pa.record_batch({"a": [1.0]}), pa.array([1.0]), [pa.scalar(1.0)], [pa.array([1.0])]):
        with pytest.raises(InputError, match="must be a"):
            exact_rows(given, "X")


@pytest.mark.parametrize("kind", ["float16", "bfloat16", "float32", "float64"])
def test_tensors_are_read_exactly(kind):
    torch = pytest.importorskip("torch")
    kind = getattr(torch, kind)
    for value in (0.1, -1 / 3, torch.finfo(kind).max, torch.finfo(kind).tiny, torch.finfo(kind).smallest_normal / 2):
        tensor = torch.tensor([[value]], dtype=kind, requires_grad=True)
        expected = Fraction(tensor.detach().double().item())
        for given in (tensor, torch.nn.Parameter(tensor.detach()), [tensor[0]], [[tensor[0, 0]]], tensor.T, tensor.reshape(1)):
            assert exact_rows(given, "X") == ((expected,),)


def test_tensors_of_other_kinds():
    torch = pytest.importorskip("torch")
    assert exact_rows(torch.tensor([[2**63 - 1, -5]]), "X") == ((2**63 - 1, -5),)
    assert exact_rows(torch.tensor([True, False]), "X") == ((1,), (0,))

    class Mine(torch.Tensor):
        """A tensor of another kind."""

    one = torch.ones(1, 1)
    for given in (
        one.to("meta"), one.to_sparse(), one.to(torch.complex64), one.to(torch.float8_e5m2), one.as_subclass(Mine), torch.tensor(1.0),
        torch.ones(1, 1, 1), torch.tensor([[math.nan]]), torch.nn.UninitializedParameter(), [one.to("meta")], [one[0].to("meta")], torch.Size([1]),
    ):  # fmt: skip
        with pytest.raises(InputError) as caught:
            exact_rows(given, "X")
        assert "\n" not in str(caught.value)


def test_frames_of_polars():
    pl = pytest.importorskip("polars")
    for given in (
        pl.DataFrame({"a": [0.5, 3.0]}), pl.DataFrame({"a": ["1/2", "3"]}), pl.Series("a", [0.5, 3.0]), pl.DataFrame({"a": [0.5, 3]}, schema={"a": pl.Float32}),
        pl.DataFrame({"a": [Decimal("0.5"), Decimal(3)]}), [pl.Series([0.5]), pl.Series([3])],
    ):  # fmt: skip
        assert exact_rows(given, "X") == COLUMN
    mixed = pl.DataFrame({"a": [2**53 + 1, 0], "b": [0.1, 0.5], "c": [True, False]})
    assert exact_rows(mixed, "X") == ((2**53 + 1, Fraction(0.1), 1), (0, Fraction(1, 2), 0))


def faulty_columns():
    """Columns by library, with a word of what is wrong."""
    pd, pl = pytest.importorskip("pandas"), pytest.importorskip("polars")
    faults = [
        ([1.0, None], "missing"),
        ([1.0, math.nan], "missing"),
        ([1.0, math.inf], "finite"),
        (["1", "x"], "text 'x' in row 1"),
        ([b"1", b"2"], ""),
    ]
    both = [frame({"age": values}) for values, _ in faults for frame in (pd.DataFrame, pl.DataFrame)]
    words = [word for _, word in faults for _ in range(2)]
    dates = pd.to_datetime(["2020-01-01", "2020-01-02"])
    others = {
        "dates": pd.DataFrame({"age": dates}),
        "durations": pd.DataFrame({"age": dates - dates[0]}),
        "categories": pd.DataFrame({"age": pd.Categorical(["a", "b"])}),
        "complex": pd.DataFrame({"age": [1j, 2]}),
        "an object in row 0": pd.DataFrame({"age": [object(), 1]}),
        "a list in row 1": pd.DataFrame({"age": [1, [2]]}),
        "a Timestamp in row 0": pd.DataFrame({"age": [dates[0], 1]}, dtype=object),
        "missing": pd.DataFrame({"age": [pd.NA, 1]}),
        "type Date": pl.DataFrame({"age": pl.Series(["2020-01-01"]).str.to_date()}),
        "type List": pl.DataFrame({"age": [[1], [2]]}),
        "got categories": pl.DataFrame({"age": pl.Series(["a"], dtype=pl.Categorical)}),
        "entries of type Object": pl.DataFrame({"age": pl.Series([object()], dtype=pl.Object)}),
    }
    return [*zip(both, words, strict=True), *((frame, word) for word, frame in others.items())]


def test_columns_are_refused_by_name():
    for frame, word in faulty_columns():
        with pytest.raises(InputError, match=f"column 'age' of X must .*{word}") as caught:
            exact_rows(frame, "X")
        assert "\n" not in str(caught.value)


def test_arrays_of_jax():
    jax = pytest.importorskip("jax")
    for kind in ("float16", "bfloat16", "float32"):
        array = jax.numpy.array([[0.1], [3.0]], dtype=kind)
        assert exact_rows(array, "X") == tuple((Fraction(float(x)),) for x in array[:, 0])
    assert exact_rows(jax.numpy.array([True, False]), "Y") == ((1,), (0,))
    with pytest.raises(InputError, match="complex64"):
        exact_rows(jax.numpy.array([1j]), "X")


def test_sparse_matrices_are_refused():
    sparse = pytest.importorskip("scipy.sparse")
    for given in (sparse.csr_matrix([[1.0]]), sparse.coo_array([[1.0]]), [sparse.csr_matrix([[1.0]])]):
        with pytest.raises(InputError, match=r"must be a dense matrix, got a sparse one of scipy, .*toarray"):
            exact_rows(given, "X")
