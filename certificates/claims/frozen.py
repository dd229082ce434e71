"""What is said where some layers of a problem are frozen, constants, and the claims that are left open there.

Many statements use that the last layers move, or symmetries of all weights. They are not asked: the checker admits only rules that use neither.
"""

from __future__ import annotations

from lossproof.certificates.proof.nodes import Claim, undecided
from lossproof.certificates.proof.places import EVERYWHERE
from lossproof.theory.problem.problem import Problem

_ABOUT_LAYERS = ("principle-widths", "principle-weights", "khatri-rao", "projection", "wide-layer", "one-hidden-layer")
_ALL_TRAINABLE = "layers that are all trainable"


def frozen_in_words(problem: Problem) -> str:
    """Return the frozen layers as the subject of a sentence.

    >>> from lossproof.theory.functions.errors import error_named
    >>> from lossproof.theory.problem.architecture import Architecture
    >>> from lossproof.theory.problem.samples import Samples
    >>> from lossproof.theory.problem.weights import Layer
    >>> from fractions import Fraction
    >>> layer = Layer(((Fraction(1),),), (Fraction(0),))
    >>> a = Architecture.of("1-1-1").with_frozen([2])
    >>> frozen_in_words(Problem(a, error_named("squared"), Samples.of([[1]], [[5]]), frozen=(None, layer)))
    'Layer 2 is frozen'
    """
    layers = problem.architecture.frozen
    return f"Layer {layers[0]} is frozen" if len(layers) == 1 else f"Layers {', '.join(map(str, layers))} are frozen"


def open_about_layers(problem: Problem) -> list[Claim]:
    """Return the claims that speak about single layers, and are left open."""
    reason = f"{frozen_in_words(problem)}: a constant of the problem stands in the way, as this is said of networks all of whose layers are trainable."
    return [undecided(name, EVERYWHERE, reason, _ALL_TRAINABLE) for name in _ABOUT_LAYERS]


def open_with_frozen_layers(problem: Problem) -> Claim:
    """Return the UNDECIDED claim about a whole landscape."""
    reason = (
        f"{frozen_in_words(problem)}, a constant of the problem: theorems about whole landscapes use that all layers move, or symmetries of their weights; "
        "those that do not, convexity and independent samples before a fixed readout, do not apply. No bad local minimum was proved."
    )
    missing = "a bad local minimum, or a theorem about networks with frozen layers"
    return undecided("no-bad-local-minima", EVERYWHERE, reason, missing)
