"""Which statements hold for a loss with weight decay, ``J(W) + ½ Σ λ_k w_k²``, and what they then speak about."""

from __future__ import annotations

from types import MappingProxyType

from lossproof.theory.statements.statement import Statement

_OF_THE_SUM = (
    "stationary", "loss-bounds", "distance", "inertia", "strict-minimum", "local-minimum", "saddle", "maximum", "critical-point", "suboptimal",
    "no-bad-local-minima", "global", "no-minimum-nearby", "escape", "hessian-spectrum", "higher-order-descent",
    "complete-list", "linear-region", "constant-region",
)  # fmt: skip
_OF_THE_MEAN_ERROR = (
    "gradient-identity", "critical-theorem", "almost-everywhere", "hessian-rank", "ggn", "critical-rank",
    "no-critical-point", "infimum-not-attained", "flat-neighbours", "spanning", "no-idle-unit", "dependent-features", "independent-samples",
    "shallow-linear", "one-relation-simplex", "parallelogram", "separable-squashing", "dead-region",
)  # fmt: skip
_WORDS = MappingProxyType(
    dict.fromkeys(_OF_THE_SUM, "it speaks about the sum of the mean error and the penalty")
    | dict.fromkeys(_OF_THE_MEAN_ERROR, "it is about the mean error alone, and is not claimed")
    | {"global": "it speaks about the sum, and is claimed where that is convex"}
)


def with_decay(statement: Statement) -> str:
    """Return in words what becomes of a statement where weights decay.

    >>> from lossproof.theory.statements.registry import statement_named
    >>> with_decay(statement_named("full-rank"))
    'it stays as it is'
    """
    if statement.kind == "cited theorem":
        return _WORDS["ggn"]
    return _WORDS.get(statement.id) or "it stays as it is"
