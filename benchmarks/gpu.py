"""Full rank of large matrices by torch, JAX and CuPy, as far as they are there: on a device where there is one, else on the processor, beside numpy.

``python -m benchmarks.gpu [COLUMNS …]`` prints a table in Markdown: for each number of columns T·10 and each engine the seconds of the proof, Gram matrix
included, by the clock and of the processor, the operations a second of the clock, and whether full rank was proved. Without sizes they are those of
`docs/scale.md` that fit.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from time import perf_counter, process_time

import numpy as np

from lossproof.numerics.algebra.memory import available_bytes, gibibytes
from lossproof.numerics.algebra.tiled_matrix import tile_bytes
from lossproof.numerics.algebra.workplace import LIBRARIES, Workplace, workplace_named
from lossproof.numerics.verified.blocks import GramBlock
from lossproof.numerics.verified.enclosures import exact_floats
from lossproof.numerics.verified.gram import full_column_rank
from lossproof.theory.exceptions import InputError

OUTPUTS, FEATURES = 10, 128
ON_DEVICE, ON_PROCESSOR = (17_970, 40_000, 60_000, 100_000), (1_000, 2_000, 4_000)


def block_of(columns: int) -> GramBlock:
    """Return a row block of random factors with about 1.3 times as many rows as columns."""
    g, T = np.random.default_rng(0), columns // OUTPUTS
    psi = g.standard_normal((OUTPUTS, T, int(1.3 * columns) // FEATURES + 1))
    return GramBlock(exact_floats(psi), exact_floats(g.standard_normal((T, FEATURES))))


def row_of(columns: int, name: str, place: Workplace) -> str:
    """Return a row of the table."""
    block = block_of(columns)
    start, used = perf_counter(), process_time()
    outcome = full_column_rank([block], OUTPUTS, place=place)
    seconds, used = perf_counter() - start, process_time() - used
    rate, proved = columns**3 / 3 / seconds / 1e9, "PROVED" if outcome.proved else "not proved"
    return f"| {columns:,} | {name} | {gibibytes(tile_bytes(columns))} | {seconds:.2f} s | {used:.2f} s | {rate:.0f} | {proved} |"


def places() -> Iterator[tuple[str, Workplace]]:
    """Yield the engines there are."""
    yield "numpy", workplace_named("numpy")
    for name in LIBRARIES:
        try:
            yield name, workplace_named(name)
        except InputError as missing:
            print(f"{name}: {missing}", file=sys.stderr)


def main() -> None:
    """Print the table."""
    engines = dict(places())
    sizes = [int(size) for size in sys.argv[1:]] or (ON_PROCESSOR if all(place.holds_triangle for place in engines.values()) else ON_DEVICE)
    for place in engines.values():
        print(f"{place.engine.described()}  ")
    print(
        "\n| columns | engine | one triangle | proof | of the processor | 10^9 operations a second | full rank |\n|---|---|---|---|---|---|---|"
    )
    for columns in sizes:
        for name, place in engines.items():
            free = place.engine.free_bytes()
            if tile_bytes(columns) < (available_bytes() / 2 if free is None else free):
                print(row_of(columns, name, place), flush=True)


if __name__ == "__main__":
    main()
