"""The kernel ``K = PᵀP`` of a tanh network from samples and weights, by this library and by what one would use instead; all in double precision.

Every job is prepared in a process of its own (see ``measured``); its judge compares the result with ours, entry by entry.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from benchmarks.measured import Prepared
from benchmarks.training_peers import torch_model
from benchmarks.training_problems import Case, random_case
from lossproof.numerics.fields.float64 import Float64Field
from lossproof.numerics.network.evaluation import evaluate
from lossproof.numerics.network.jacobian import gram
from lossproof.numerics.verified.enclosed_gram import enclosed_gram
from lossproof.theory.problem.architecture import Architecture

AGREEMENT = 1e-10
_TINY = random_case((3, 4, 2), 3)


def own_kernel(case: Case) -> np.ndarray:
    """Return ``K`` by this library in doubles, of shape ``(T n_L, T n_L)``."""
    return gram(evaluate(Architecture.of(case.widths, "tanh"), case.X, list(case.start), Float64Field()))


def plain(case: Case) -> Prepared:
    """Time `gram` in doubles; its result is compared by all others."""
    own_kernel(_TINY)
    return lambda: own_kernel(case), lambda K: ""


def bounded(case: Case) -> Prepared:
    """Time `enclosed_gram`: ``K`` and a proved bound of the error of every entry."""

    def work(problem: Case = case) -> Any:
        return enclosed_gram(Architecture.of(problem.widths, "tanh"), problem.X, list(problem.start))

    def judge(found: Any) -> str:
        if found is None:
            raise RuntimeError("no bounds were found")
        share = found.distance() / float(np.linalg.norm(found.mid))
        return f"{_agrees(found.mid, case)}, proved within {share:.0e} of ‖K‖"

    work(_TINY)
    return work, judge


def torch_jacrev(case: Case) -> Prepared:
    """Time `torch.func.jacrev` mapped over the samples, and the product of the Jacobian with itself."""
    import torch

    def work(problem: Case = case) -> Any:
        model, X, _ = torch_model(problem)
        values = {name: value.detach() for name, value in model.named_parameters()}

        def output(parameters: Any, x: Any) -> Any:
            return torch.func.functional_call(model, parameters, (x,))

        by_name = torch.func.vmap(torch.func.jacrev(output), in_dims=(None, 0))(values, X)
        J = torch.cat([by_name[name].reshape(problem.equations, -1) for name in values], dim=1)
        return J @ J.T

    work(_TINY)
    return work, lambda K: _agrees(K.numpy(), case)


def jax_jacrev(case: Case) -> Prepared:
    """Time `jax.jacrev` mapped over the samples, and the product of the Jacobian with itself, compiled as one."""
    import jax
    import jax.numpy as jnp

    jax.config.update("jax_enable_x64", True)

    @jax.jit
    def kernel(parameters: Any, X: Any) -> Any:
        parts = jax.tree_util.tree_leaves(jax.vmap(jax.jacrev(_network(jnp)), in_axes=(None, 0))(parameters, X))
        J = jnp.concatenate([part.reshape(part.shape[0] * part.shape[1], -1) for part in parts], axis=1)
        return J @ J.T

    parameters, X = _on_device(jnp, case)
    return lambda: kernel(parameters, X).block_until_ready(), lambda K: _agrees(np.asarray(K), case)


def neural_tangents(case: Case, implementation: str) -> Prepared:
    """Time an implementation of `neural_tangents.empirical_ntk_fn`, compiled, with the samples as mapped axis; its own layout is kept."""
    import jax
    import jax.numpy as jnp

    jax.config.update("jax_enable_x64", True)
    nt = _neural_tangents()
    chosen = getattr(nt.NtkImplementation, implementation)
    kernel = jax.jit(nt.empirical_ntk_fn(_network(jnp), trace_axes=(), vmap_axes=0, implementation=chosen), static_argnums=(1,))
    parameters, X = _on_device(jnp, case)

    def judge(K: Any) -> str:
        return _agrees(np.asarray(K).transpose(0, 2, 1, 3).reshape(case.equations, case.equations), case)

    return lambda: kernel(X, None, parameters).block_until_ready(), judge


def _neural_tangents() -> Any:
    """Import neural-tangents 0.6.5, for which three names that newer versions of JAX have moved are put where it looks for them."""
    import jax
    from jax._src import config, source_info_util
    from jax.interpreters import ad

    for place, name, value in (
        (jax.random, "KeyArray", jax.Array),
        (ad, "source_info_util", source_info_util),
        (ad, "config", config.config),
    ):
        if not hasattr(place, name):
            setattr(place, name, value)
    import neural_tangents as nt

    return nt


def _network(jnp: Any) -> Callable[[Any, Any], Any]:
    """Return the network as a function of parameters and inputs (one or many)."""

    def apply(parameters: Any, x: Any) -> Any:
        for l, (W, b) in enumerate(parameters):
            x = x @ W + b
            if l < len(parameters) - 1:
                x = jnp.tanh(x)
        return x

    return apply


def _on_device(jnp: Any, case: Case) -> tuple[Any, Any]:
    return [(jnp.asarray(W), jnp.asarray(b)) for W, b in case.start], jnp.asarray(case.X)


def _agrees(K: np.ndarray, case: Case) -> str:
    """Tell how far the result is from ours, relatively to the largest entry; raises `RuntimeError` where that is too far."""
    own = own_kernel(case)
    difference = float(np.abs(K - own).max() / np.abs(own).max())
    if not difference <= AGREEMENT:
        raise RuntimeError(f"the result differs from ours by {difference:.0e}")
    return f"differs by {difference:.0e}"


@dataclass(frozen=True)
class KernelMethod:
    """A method: its name, its job with arguments beside the case, and the bytes it needs for ``n`` equations and ``N`` weights."""

    name: str
    job: Callable[..., Prepared]
    arguments: tuple[Any, ...]
    bytes_needed: Callable[[int, int], float]
    operations: str


def _jacobian_and_kernel(n: int, N: int) -> float:
    return 8.0 * (2 * n * N + n * n)


def _two_kernels(n: int, N: int) -> float:
    return 16.0 * n * n


OWN, BOUNDED, BEST_PEER = "lossproof", "lossproof, with proved bounds", "neural-tangents, structured"
METHODS = (
    KernelMethod(OWN, plain, (), _two_kernels, "n²·Σn_l"),
    KernelMethod(BOUNDED, bounded, (), _two_kernels, "n²·Σn_l, T·Σn_l enclosures"),
    KernelMethod(BEST_PEER, neural_tangents, ("STRUCTURED_DERIVATIVES",), _two_kernels, "about n²·Σn_l"),
    KernelMethod("neural-tangents, vector products", neural_tangents, ("NTK_VECTOR_PRODUCTS",), _two_kernels, "about 4·n·T·N"),
    KernelMethod("neural-tangents, Jacobian contraction", neural_tangents, ("JACOBIAN_CONTRACTION",), _jacobian_and_kernel, "2·n²·N"),
    KernelMethod("JAX, jacrev", jax_jacrev, (), _jacobian_and_kernel, "2·n²·N"),
    KernelMethod("torch.func, jacrev", torch_jacrev, (), _jacobian_and_kernel, "2·n²·N"),
)
