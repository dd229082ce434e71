"""Networks with planted exact learners, and Newton's method in many digits: used to test what is proved about balls."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from cases.kernel_draft import Draft, layer
from lossproof.numerics.fields.float64 import Float64Field
from lossproof.numerics.fields.mpmath import MpmathField
from lossproof.numerics.network.evaluation import evaluate
from lossproof.numerics.network.jacobian import jacobian
from lossproof.numerics.network.weight_vectors import flat_weights, layer_arrays
from lossproof.numerics.verified.enclosures import exact_floats
from lossproof.numerics.verified.forward_backward import enclose_pass
from lossproof.numerics.verified.gram import smallest_singular_value
from lossproof.theory.functions.errors import error_named
from lossproof.theory.problem.architecture import Architecture
from lossproof.theory.problem.problem import Problem
from lossproof.theory.problem.samples import Samples
from lossproof.theory.problem.weights import Weights

SMOOTH = ("sigmoid", "tanh", "softplus", "bent-identity", "identity", "gelu", "silu", "arctan", "erf", "sin", "power:2", "power:3")
LIPSCHITZ = (*SMOOTH, "softsign", "elu")
DIGITS = 50


def planted(widths, T, activation="tanh", output="identity", bias="trainable", *, seed=0, scale=1.0, shift=0.0, input_scale=1.0):
    """A problem whose targets are the outputs of random weights, rounded to doubles, and these weights moved by ``shift``."""
    g = np.random.default_rng(seed)
    architecture = Architecture.of(widths, activation, output, bias)
    layers = [
        (g.standard_normal((m, n)) * scale / np.sqrt(m), g.standard_normal(n) * 0.3 if bias != "none" else np.zeros(n))
        for m, n in pairwise(widths)
    ]
    X = g.standard_normal((T, widths[0])) * input_scale
    Y = evaluate(architecture, X, layers, Float64Field()).phi[architecture.L]
    fixed = tuple(tuple(layer.b) for layer in Weights.of(architecture, layers).layers) if bias == "fixed" else None
    problem = Problem(architecture, error_named("squared"), Samples.of(X, Y), fixed)
    weights = Weights.of(architecture, layers)
    return problem, moved(problem, weights, shift * g.standard_normal(architecture.N_net)) if shift else weights


def moved(problem, weights, change):
    """The weights, in doubles, after a change in the order of the rows of P."""
    arrays = layer_arrays(problem, flat_weights(problem, weights) + change)
    return Weights.of(problem.architecture, [(W, b) for W, b in arrays])


def float_jacobian(problem, flat, inputs=None):
    """P in doubles at trainable weights in the order of its rows; ``inputs`` are those of the samples in doubles, if they are known."""
    return jacobian(
        evaluate(problem.architecture, problem.samples if inputs is None else inputs, layer_arrays(problem, flat), Float64Field())
    )


def _many_digit_layers(problem, flat, field):
    a, layers, offset = problem.architecture, [], 0
    for l in range(1, a.L + 1):
        rows, n = a.fan_in(l), a.widths[l]
        block = np.array(list(flat[offset : offset + rows * n]), dtype=object).reshape(n, rows).T
        offset += rows * n
        if a.bias_rows_of(l):
            b = block[-1]
        else:
            b = field.array(problem.constants(l))
        layers.append((block[: a.widths[l - 1]], b))
    return layers


def true_pass(problem, flat, field):
    """P and F − Y in many digits, as mpmath matrices."""
    evaluation = evaluate(problem.architecture, problem.samples, _many_digit_layers(problem, flat, field), field)
    P = jacobian(evaluation)
    residuals = (evaluation.phi[problem.architecture.L] - field.array(problem.samples.Y)).ravel()
    return field.context.matrix(P.tolist()), field.context.matrix(list(residuals))


def nearest_learner(problem, weights, targets=None, steps=40):
    """Solve F = Y by the simplified Newton method on W_0 + range P(W_0); return the distance moved, or None without convergence."""
    field = MpmathField(DIGITS)
    if targets is not None:
        problem = Problem(problem.architecture, problem.error, Samples.of(problem.samples.X, targets), problem.fixed_bias)
    context = field.context
    start = context.matrix([context.mpf(float(x)) for x in flat_weights(problem, weights)])
    P, _ = true_pass(problem, list(start), field)
    K = P.T * P
    moved_by = context.zeros(len(start), 1)
    small = context.mpf(10) ** (10 - DIGITS) * (1 + max(abs(context.mpf(float(y))) for row in problem.samples.Y for y in row))
    for _ in range(steps):
        _, residuals = true_pass(problem, list(start + moved_by), field)
        if context.norm(residuals) < small:
            return context.norm(moved_by)
        moved_by -= P * context.lu_solve(K, residuals)
    return None


def least_singular_value(problem, weights, scales=None):
    """The smallest singular value of P D in many digits; ``scales`` of shape (T, n_L)."""
    field = MpmathField(DIGITS)
    P, _ = true_pass(problem, [field.context.mpf(float(x)) for x in flat_weights(problem, weights)], field)
    if scales is not None:
        P = P * field.context.diag([field.context.mpf(float(s)) for s in np.ravel(scales)])
    return min(field.context.svd_r(P, compute_uv=False))


def proved_singular_value(problem, weights):
    """The bound of ``σ_min(PD)`` that the library's numerics prove in double precision, or None."""
    layers = [(np.array(part.W, dtype=float), np.array(part.b, dtype=float)) for part in weights.layers]
    found = enclose_pass(problem.architecture, exact_floats(np.array(problem.samples.X, dtype=float)), layers, strip_output=False)
    bound = smallest_singular_value(found.blocks(), problem.architecture.n_L)
    return None if bound is None else bound.lower


def sampled_lipschitz(problem, weights, radius, scales, seed=0, tries=12):
    """The largest quotient ``‖D(DF(W) − DF(W'))‖₂/‖W − W'‖`` met at random pairs and along the best direction found."""
    g = np.random.default_rng(seed)
    flat = flat_weights(problem, weights)
    D, inputs = np.ravel(scales), Float64Field().array(problem.samples.X)
    best, direction = 0.0, None
    for k in range(tries):
        u = (
            g.standard_normal(flat.size)
            if direction is None or k % 2
            else direction + 0.3 * g.standard_normal(flat.size) / np.sqrt(flat.size)
        )
        u /= np.linalg.norm(u)
        centre = g.standard_normal(flat.size)
        centre *= radius / 2 * g.random() / np.linalg.norm(centre)
        step = radius / 2
        there, back = (float_jacobian(problem, flat + centre + way, inputs) for way in (step * u, -step * u))
        change = (there - back) * D
        left, values, _ = np.linalg.svd(change, full_matrices=False)
        if values[0] / (2 * step) > best:
            best, direction = values[0] / (2 * step), left[:, 0]
    return best


def document_of(problem, weights):
    """The problem and one point as a certificate without steps."""
    a = problem.architecture
    hexed = lambda rows: [[float(x).hex() for x in row] for row in rows]  # noqa: E731
    point = [layer(hexed(part.W), hexed([part.b])[0]) for part in weights.layers]
    options = {"activation": a.hidden_names, "output_activation": a.output_activation.name, "bias": a.bias}
    if a.bias == "fixed":
        options["fixed_bias"] = [part["b"] for part in point]
    return Draft(a.widths, hexed(problem.samples.X), hexed(problem.samples.Y), point, **options)


def check_slopes(activation, mid, rad, first, second):
    """Bounds of ``|τ'|`` and ``|τ''|`` over the intervals ``mid ± rad`` hold at points all over each of them."""
    field = Float64Field()
    for m, r, one, two in zip(mid, rad, first, second, strict=True):
        points = m + r * np.linspace(-1, 1, 300) + 1e-12 * r
        points = points[(points != 0) & (np.abs(points - m) <= r)]
        if points.size:
            assert np.abs(field.activate(activation, 1, points)).max() <= one * (1 + 1e-12)
            assert np.abs(field.activate(activation, 2, points)).max() <= two * (1 + 1e-12)
