"""`verify`, which reads a certificate from wherever it is and has it checked."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Protocol, runtime_checkable

from lossproof.certificates.kernel.reading.outcome import Failure
from lossproof.certificates.kernel.reading.work import Tiles
from lossproof.certificates.proof.certificate import Certificate
from lossproof.certificates.proof.verification import Verification, in_words
from lossproof.theory.exceptions import InputError

_MAX_BYTES = 4 * 256 * 2**20


@runtime_checkable
class BinaryStream(Protocol):
    """What bytes are read from, such as an open file."""

    def read(self, size: int, /) -> bytes:
        """Return the next bytes, at most so many."""


def verify(
    source: str | Path | Mapping[str, Any] | Certificate | BinaryStream,
    problem_digest: str | None = None,
    *,
    allow_cited: bool = True,
    engine: str = "numpy",
) -> Verification:
    """Check a certificate: a file's path, JSON text (its first character other than a blank is ``{``), the parsed object, ``report.certificate``, or a binary
    stream such as ``sys.stdin.buffer``.

    With ``problem_digest`` (``report.certificate.digest``) the certificate must also be about that very problem. The result's ``ok`` means that
    every claim in it holds, proved by the rules of ``docs/certificate-format.md``. A malformed certificate fails with place and reason. Without
    ``allow_cited`` so does one in which steps rest on published theorems: these are its failures, and ``steps`` what stands without them.
    With the ``engine`` ``"disk"``, or ``"disk:FOLDER"``, factors of large matrices are kept in files, not in memory, with ``"auto"`` what is beyond half of the
    memory that is free; what is computed is the same. With ``"torch"``, ``"cuda"``, ``"jax"`` or ``"cupy"`` that library keeps and multiplies their tiles, on
    its device, and with ``"dask"`` or ``"dask:tcp://HOST:PORT"`` a cluster does: the checker tests its products against
    its own, and then trusts them, and the result's ``engine`` says so. Raises `InputError` when a path cannot be read, for an engine that is not there or fails
    a test, and when tiles on disk are lost.

    >>> verify('{"format": "lossproof-certificate"}').failures[0].code
    'schema'
    """
    from lossproof.certificates.kernel.check import check_certificate
    from lossproof.certificates.kernel.reading.work import Work
    from lossproof.numerics.algebra.threads import threads_for

    given: object = source.text if isinstance(source, Certificate) else source
    if isinstance(source, Path) or (isinstance(source, str) and not source.lstrip().startswith("{")):
        given = _read(Path(source))
    elif isinstance(source, BinaryStream):
        given = _read_stream(source)
    if isinstance(given, Verification):
        return given
    try:
        with _tiles_of(engine) as (tiles, products_by):
            work = Work(tiles=tiles)
            outcome = check_certificate(given, allow_cited=allow_cited, work=work, around_steps=lambda columns: threads_for(columns**3 / 3))
    except OSError as error:
        raise InputError(f"tiles must stay as they are, got: {error}: name another place, as in engine='disk:FOLDER'") from None
    result = in_words(outcome, products_by)
    if result.ok and problem_digest is not None and result.digest != problem_digest:
        return Verification(
            (), (Failure("digest", "problem", f"the certificate is about another problem, with digest {result.digest}"),), None
        )
    return result


@contextmanager
def _tiles_of(engine: str) -> Iterator[tuple[Callable[[], Tiles], str]]:
    """Give what makes a place for the tiles of a factor, one after the other, and the name of what multiplies them there, empty where the checker does."""
    if engine == "numpy":
        yield dict, ""
        return
    from lossproof.numerics.algebra.memory import available_bytes
    from lossproof.numerics.algebra.numpy_engine import NUMPY
    from lossproof.numerics.algebra.tiles_on_cluster import TilesOnCluster
    from lossproof.numerics.algebra.tiles_on_device import TilesOnDevice
    from lossproof.numerics.algebra.tiles_on_disk import TilesOnDisk
    from lossproof.numerics.algebra.workplace import LIBRARIES, engine_named
    from lossproof.numerics.dask_cluster import check_scheduler, cores, dask_client

    kind, _, place = engine.partition(":")
    if kind == "disk":
        with TemporaryDirectory(prefix="lossproof-verify-", dir=place or None) as folder:
            yield lambda: TilesOnDisk(Path(folder)), ""
    elif engine == "auto":
        with TemporaryDirectory(prefix="lossproof-verify-") as folder:
            yield lambda: TilesOnDisk(Path(folder), available_bytes() // 2), ""
    elif kind == "dask":
        if place:
            check_scheduler(place)
        with ExitStack() as opened:
            client = cache(lambda: opened.enter_context(dask_client(cores(), place or None, "take the engine numpy or disk")))
            where = f"of the cluster at {place}" if place else "on this machine"
            yield lambda: TilesOnCluster(client), f"{NUMPY.described()} of workers {where}"
    elif engine in LIBRARIES:
        found = engine_named(engine)
        yield lambda: TilesOnDevice(found), found.described()
    else:
        names = ", ".join(("numpy", "disk", "disk:FOLDER", "auto", "dask", "dask:ADDRESS", *LIBRARIES))
        raise InputError(f"the engine of the checker must be one of {names}, got {engine!r}: leave it out for numpy")


def _read(path: Path) -> str | Verification:
    try:
        size = path.stat().st_size
        data = path.read_bytes() if path.is_file() and size <= _MAX_BYTES else None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise InputError(
            f"a certificate must be a file that can be read, got {str(path)[:200]!r} ({reason}): give the path of a .json file"
        ) from None
    if data is None and not path.is_file():
        raise InputError(f"a certificate must be a file, got {str(path)[:200]!r}: give the path of a .json file")
    if data is None:
        return _too_long(f"the file has {size} bytes")
    return _decoded(data)


def _read_stream(stream: BinaryStream) -> str | Verification:
    data = stream.read(_MAX_BYTES + 1)
    return _decoded(data) if len(data) <= _MAX_BYTES else _too_long("there are more bytes")


def _too_long(found: str) -> Verification:
    return Verification((), (Failure("document", "limit", f"{found}, at most {_MAX_BYTES} are read"),), None)


def _decoded(data: bytes) -> str | Verification:
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        return Verification((), (Failure(f"byte {error.start}", "syntax", "the file is not UTF-8 text"),), None)
