"""The grid of a sweep: which cells there are, and how they are put into tasks."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, fields
from typing import Any, TypeAlias

from lossproof.certificates.sweeps.data import SweepData
from lossproof.numerics.ranks.general_position import MOST_SAMPLES
from lossproof.numerics.ranks.generic import has_generic_point
from lossproof.theory.exceptions import InputError
from lossproof.theory.functions.activations import Activation, activation_named
from lossproof.theory.problem.architecture import Architecture, bias_mode
from lossproof.theory.problem.grids import Numbers, Widths, parse_numbers, parse_width_grid
from lossproof.theory.shown import shown

MOST_CELLS = 10**6
_MOST_COLUMNS = 5000
_MOST_ENTRIES = 5 * 10**6
_TASK_CELLS = 500
_TASK_COST = 2 * 10**8
_PROVER_FACTOR = 100
_NEXT_LAYER = "+"


Names: TypeAlias = "str | Activation | Iterable[str | Activation | Sequence[str | Activation]]"
"""Choices of an axis: one, several joined by commas, or several in a list. Each is for all layers, or a list with one a layer, in text joined by ``+``."""


@dataclass(frozen=True)
class SweepGroup:
    """The cells of one architecture and one seed: all numbers of samples, which one elimination decides together; ``data`` where they are a user's own.

    ``activation`` and ``bias`` are names, or where layers differ one a layer, joined by ``+``.
    """

    widths: tuple[int, ...]
    activation: str
    bias: str
    seed: int
    samples: tuple[int, ...]
    data: SweepData | None = None

    @property
    def architecture(self) -> Architecture:
        """The architecture, with identity outputs."""
        return Architecture.of(self.widths, _one_or_each(self.activation), bias=_one_or_each(self.bias))

    @property
    def cost(self) -> int:
        """About how many operations the group takes."""
        a = self.architecture
        columns = max(self.samples) * a.n_L
        single = a.N_net * columns * min(a.N_net, columns) + 10**6
        return single if has_generic_point(a) and self.data is None else _PROVER_FACTOR * single


@dataclass(frozen=True)
class SweepGrid:
    """All combinations of architectures, numbers of samples, activations, bias modes and seeds. Build one with `SweepGrid.of`.

    >>> grid = SweepGrid.of("2-{1..3}-1", "1..10", "tanh,sigmoid", seeds=0, bias="trainable")
    >>> grid.cells, len(grid.groups()), grid.activations
    (60, 6, ('tanh', 'sigmoid'))
    """

    widths: tuple[tuple[int, ...], ...]
    samples: tuple[int, ...]
    activations: tuple[str, ...]
    seeds: tuple[int, ...]
    biases: tuple[str, ...]
    data: SweepData | None = None

    @staticmethod
    def of(
        widths: Widths,
        samples: Numbers | None,
        activation: Names,
        seeds: Numbers,
        bias: Names,
        data: SweepData | None = None,
    ) -> SweepGrid:
        """Check the parts and build the grid; None for the samples are all of the ``data``.

        Raises `InputError`, also for more than 10^6 cells or for cells that are too large.
        """
        activations = _choices(activation, "activation", "tanh,sigmoid", lambda name: activation_named(name).name)
        biases = _choices(bias, "bias mode", "trainable,none", bias_mode)
        if samples is None:
            if data is None:
                raise InputError("the numbers of samples must be given where no data are, got none: write for example 1..40")
            samples = data.T
        numbers = parse_numbers(samples, "samples")
        grid = SweepGrid(parse_width_grid(widths), numbers, activations, parse_numbers(seeds, "seeds", 0), biases, data)
        grid._check()
        return grid

    def _check(self) -> None:
        if any("fixed" in bias for bias in self.biases):
            raise InputError("the bias of a sweep must be 'trainable' or 'none', got 'fixed': its constants would be samples of their own")
        if self.cells > MOST_CELLS:
            raise InputError(
                f"a sweep must have at most {MOST_CELLS} cells, got {self.cells}: take fewer widths, samples, activations or seeds"
            )
        self._check_layers()
        T = self.samples[-1]
        if T > MOST_SAMPLES:
            raise InputError(
                f"samples must be at most {MOST_SAMPLES}, got {T}, of which P alone would have {T * self.widths[0][-1]:,} columns: ask for fewer"
            )
        if self.data is not None:
            self._check_data(self.data, T)
        for widths in self.widths:
            a = max((Architecture.of(widths, bias=_one_or_each(bias)) for bias in self.biases), key=lambda a: a.N_net)
            if T * a.n_L > _MOST_COLUMNS or a.N_net * T * a.n_L > _MOST_ENTRIES:
                raise InputError(
                    f"a cell must have at most {_MOST_COLUMNS} columns T·n_L and {_MOST_ENTRIES} entries in P, got {T * a.n_L} and "
                    f"{a.N_net * T * a.n_L} for {a} with {T} samples: take fewer samples or smaller widths"
                )

    def _check_layers(self) -> None:
        for what, choices, fewer in (("hidden activation", self.activations, 2), ("bias mode", self.biases, 1)):
            for choice, widths in ((choice, widths) for choice in choices if _NEXT_LAYER in choice for widths in self.widths):
                if choice.count(_NEXT_LAYER) + 1 != len(widths) - fewer:
                    raise InputError(
                        f"a list with one {what} a layer must fit all architectures of the sweep, got {choice} for {'-'.join(map(str, widths))}, which wants "
                        f"{len(widths) - fewer}: sweep over architectures of one depth"
                    )

    def _check_data(self, data: SweepData, T: int) -> None:
        if data.T < T:
            raise InputError(f"samples must be at most those of the data, {data.T}, got {T}: ask for fewer")
        for widths in self.widths:
            if widths[0] != data.n_0:
                raise InputError(
                    f"X must have {widths[0]} columns for {'-'.join(map(str, widths))}, got {data.n_0}: change the widths or the data"
                )

    @property
    def cells(self) -> int:
        """The number of cells."""
        return len(self.widths) * len(self.samples) * len(self.activations) * len(self.biases) * len(self.seeds)

    def groups(self) -> list[SweepGroup]:
        """Return the groups in the order of the result: by activation, bias mode, architecture, seed."""
        return [
            SweepGroup(widths, activation, bias, seed, self.samples, self.data)
            for activation in self.activations
            for bias in self.biases
            for widths in self.widths
            for seed in self.seeds
        ]

    def tasks(self) -> list[tuple[SweepGroup, ...]]:
        """Return the groups in tasks of some tenths of a second each; they depend on the grid alone, so that an interrupted sweep can go on."""
        tasks: list[tuple[SweepGroup, ...]] = []
        batch: list[SweepGroup] = []
        cost = 0
        for group in self.groups():
            batch.append(group)
            cost += group.cost
            if len(batch) * len(self.samples) >= _TASK_CELLS or cost >= _TASK_COST:
                tasks.append(tuple(batch))
                batch, cost = [], 0
        return [*tasks, tuple(batch)] if batch else tasks

    def as_dict(self) -> dict[str, Any]:
        """Return the grid as plain data, equal for equal grids; of data their name and digest."""
        plain = {field.name: _plain(getattr(self, field.name)) for field in fields(self) if field.name != "data"}
        return plain if self.data is None else {**plain, "data": {"name": self.data.name, "digest": self.data.digest}}


def layers_text(choice: Any) -> str:
    """Return one choice for the layers as the rows of a table have it: a name, or the names of layers that differ, joined by ``+``.

    >>> layers_text(["tanh", "relu"]), layers_text("tanh + tanh")
    ('tanh+relu', 'tanh')
    """
    if isinstance(choice, str):
        choice = choice.split(_NEXT_LAYER)
    names: list[Any] = [getattr(name, "name", name) for name in (choice if isinstance(choice, (list, tuple)) else [choice])]
    if not names or not all(isinstance(name, str) for name in names):
        raise InputError(
            f"a choice for the layers must be a name, or a list with one a layer, got {shown(choice)}: write for example 'tanh'"
        )
    stripped = [name.strip() for name in names]
    return stripped[0] if len(set(stripped)) == 1 else _NEXT_LAYER.join(stripped)


def _one_or_each(text: str) -> str | list[str]:
    return text.split(_NEXT_LAYER) if _NEXT_LAYER in text else text


def _choices(given: Names, what: str, example: str, named: Callable[[str], str]) -> tuple[str, ...]:
    """Return the choices of an axis, each once; ``named`` turns each name into ours. Raises `InputError`."""
    if isinstance(given, str):
        given = given.split(",")
    if isinstance(given, Activation) or not isinstance(given, Iterable):
        given = [given]
    found = [_NEXT_LAYER.join(named(name) for name in layers_text(choice).split(_NEXT_LAYER)) for choice in given]
    if not found:
        raise InputError(f"a sweep needs at least one {what}, got none: write for example {example!r}")
    return tuple(dict.fromkeys(map(layers_text, found)))


def _plain(value: Any) -> Any:
    return [_plain(entry) for entry in value] if isinstance(value, Sequence) and not isinstance(value, str) else value
