"""The kernel ``K`` and the decision of full rank beside what one would use instead: times, peak memory and exponents of growth, in one run.

Run with ``python -m benchmarks.peers``; ``--write`` puts tables into ``docs/peers.md`` and the figure into ``docs/figures``, ``--sizes 200,1000`` chooses other
columns, ``--threads`` the number of threads of all. The peers are the extra ``bench`` (``pip install -e ".[bench]"``); one that is missing is skipped.
Every measurement has a process of its own.
"""

from __future__ import annotations

import argparse
import math
import platform
from collections.abc import Sequence
from importlib import metadata
from pathlib import Path

from matplotlib.figure import Figure
from threadpoolctl import threadpool_info

from benchmarks import kernel_peers, rank_peers
from benchmarks.kernel_peers import KernelMethod
from benchmarks.measured import Measured, cores, measure, use_threads
from benchmarks.paper_style import new_figure, save, styled
from benchmarks.paper_text import markdown_table, write_blocks
from benchmarks.rank_peers import RankMethod
from benchmarks.side_by_side import Result, draw_times, head_of, remarks_of, rows_of, run_sizes, seconds_of
from benchmarks.training_problems import Case, random_case

PAGE, FIGURE = Path("docs/peers.md"), Path("docs/figures/peers.svg")
QUICK_FIGURE = Path("build/peers.svg")
NETWORKS = ((64, 128, 10), (64, 128, 128, 10))
SIZES, SMALL_SIZES = (200, 1000, 3000, 6000), (20, 40, 100, 200)
LIMIT = 45.0
MOST_BYTES = 12e9
PACKAGES = ("numpy", "scipy", "torch", "jax", "neural-tangents", "python-flint", "mpmath", "sympy")


def name_of(widths: Sequence[int]) -> str:
    """Return widths as text."""
    return "-".join(map(str, widths))


def network_case(widths: tuple[int, ...], columns: int) -> Case:
    """Return a random network with so many columns of ``P``; raises `ValueError` where that cannot be or ``N_net`` is less."""
    samples, rest = divmod(columns, widths[-1])
    case = random_case(widths, samples)
    if rest or case.unknowns < columns or not samples:
        raise ValueError(f"columns must be a multiple of {widths[-1]} up to {case.unknowns}, got {columns}: choose other --sizes")
    return case


def kernel_results(widths: tuple[int, ...], sizes: Sequence[int], limit: float) -> list[Result]:
    """Time every method for ``K`` on every size."""
    print(f"\nK of {name_of(widths)}", flush=True)

    def attempt(method: KernelMethod, n: int) -> Measured:
        case = network_case(widths, n)
        needed = method.bytes_needed(case.equations, case.unknowns)
        if needed > MOST_BYTES:
            return Measured("not run", words=f"P and K would need {needed / 1e9:.0f} GB")
        return measure(method.job, (case, *method.arguments), limit)

    return [r for m in kernel_peers.METHODS for r in run_sizes(m.name, sizes, lambda n, m=m: attempt(m, n))]


def rank_results(methods: Sequence[RankMethod], sizes: Sequence[int], limit: float, small: bool) -> list[Result]:
    """Time every method for the rank on every size."""
    print(f"\nrank of P, {name_of(rank_peers.SMALL_WIDTHS if small else NETWORKS[0])}", flush=True)

    def attempt(method: RankMethod, n: int) -> Measured:
        arguments = (rank_peers.small_case(n), "softsign") if small else (network_case(NETWORKS[0], n), "tanh")
        return measure(method.job, arguments, limit)

    return [r for m in methods for r in run_sizes(m.name, sizes, lambda n, m=m: attempt(m, n))]


def times_table(results: Sequence[Result], reference: str, told: dict[str, str], limit: float, head: str) -> str:
    """Return the table of all measurements, and what was found out about the results."""
    table = markdown_table(head_of(results, head), rows_of(results, reference, told, limit))
    remarks = remarks_of(results)
    return f"{table}\n\n{remarks}" if remarks else table


def ratios_table(kernels: dict[str, list[Result]], ranks: Sequence[Result], sizes: Sequence[int]) -> str:
    """Return the ratios that have a target."""
    rows = []
    for name, results in kernels.items():
        for n in sizes:
            own, bounded, peer = (seconds_of(results, m, n) for m in (kernel_peers.OWN, kernel_peers.BOUNDED, kernel_peers.BEST_PEER))
            rows.append(
                [f"`K`, {name}", str(n), "neural-tangents, structured, against ours", _ratio(peer, own), "≥ 5" if n >= 3000 else ""]
            )
            rows.append(["", "", "with proved bounds against plain", _ratio(bounded, own), "≤ 1.5"])
    for n in sizes:
        own, peer = (seconds_of(ranks, m, n) for m in (rank_peers.OWN, rank_peers.BEST_KNOWN))
        rows.append(["rank", str(n), "`matrix_rank(P)` against the proof", _ratio(peer, own), "≥ 30" if n == 3000 else ""])
    return markdown_table(["job", "columns", "what", "ratio", "target"], rows)


def _ratio(one: float, other: float) -> str:
    return "—" if math.isnan(one) or math.isnan(other) else f"{one / other:.2f}" if one < 10 * other else f"{one / other:.0f}"


def draw(kernels: dict[str, list[Result]], ranks: Sequence[Result], rational: Sequence[Result]) -> Figure:
    """Draw times over columns: one panel a network for ``K``, and two for the rank."""
    figure, axes = new_figure(12.4, 5.2, len(kernels) + 2)
    names = [m.name for m in kernel_peers.METHODS]
    for panel, (name, results) in zip(axes, kernels.items(), strict=False):
        draw_times(panel, results, names, f"K, {name}, tanh")
    draw_times(axes[-2], ranks, [m.name for m in rank_peers.IN_DOUBLES], f"rank of P, {name_of(NETWORKS[0])}, tanh")
    small = f"rank of P, {name_of(rank_peers.SMALL_WIDTHS)}, rational"
    draw_times(axes[-1], rational, [m.name for m in rank_peers.RATIONAL], small)
    return figure


def setting(threads: int) -> str:
    """Return a sentence about the machine and the versions."""
    versions = [f"{package} {_version(package)}" for package in PACKAGES]
    return f"{threads} threads for all; {platform.machine()}, Python {platform.python_version()}, {', '.join(versions)}{_blas()}."


def _version(package: str) -> str:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return "missing"


def _blas() -> str:
    """Return the kernel of numpy's BLAS."""
    found = [f"{info['internal_api']} {info['architecture']}" for info in threadpool_info() if info.get("architecture")]
    return f", BLAS of numpy: {found[0]}" if found else ""


def main() -> None:
    parser = argparse.ArgumentParser(description="K and the rank of P beside other packages.")
    parser.add_argument("--sizes", default=",".join(map(str, SIZES)), help="columns T·n_L, multiples of 10 up to 9610")
    parser.add_argument(
        "--small-sizes", default=",".join(map(str, SMALL_SIZES)), help="columns of the rational problem, multiples of 4 up to 316"
    )
    parser.add_argument("--threads", type=int, default=cores(), help="threads for every method")
    parser.add_argument("--limit", type=float, default=LIMIT, help="seconds for one measurement")
    parser.add_argument("--write", action="store_true", help=f"put the tables into {PAGE} and the figure into {FIGURE}")
    options = parser.parse_args()
    sizes, small = ([int(part) for part in text.split(",")] for text in (options.sizes, options.small_sizes))
    use_threads(options.threads)
    print(setting(options.threads))
    kernels = {name_of(widths): kernel_results(widths, sizes, options.limit) for widths in NETWORKS}
    ranks = rank_results(rank_peers.IN_DOUBLES, sizes, options.limit, small=False)
    rational = rank_results(rank_peers.RATIONAL, small, options.limit, small=True)
    blocks = {"peers-setting": setting(options.threads), "peers-ratios": ratios_table(kernels, ranks, sizes)}
    operations = {m.name: m.operations for m in kernel_peers.METHODS}
    for widths, part in zip(NETWORKS, kernels.values(), strict=True):
        blocks[f"peers-{len(widths) - 2}"] = times_table(part, kernel_peers.OWN, operations, options.limit, "operations")
    for name, part, methods in (("rank", ranks, rank_peers.IN_DOUBLES), ("rational", rational, rank_peers.RATIONAL)):
        blocks[f"peers-{name}"] = times_table(part, rank_peers.OWN, {m.name: m.proves for m in methods}, options.limit, "proves")
    for text in blocks.values():
        print(f"\n{text}")
    with styled():
        print(save(draw(kernels, ranks, rational), FIGURE if options.write else QUICK_FIGURE))
    if options.write:
        write_blocks(PAGE, blocks)


if __name__ == "__main__":
    main()
