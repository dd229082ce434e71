"""A naive twin of the kernel's matrices: plain loops over Python numbers, written apart from it."""

from __future__ import annotations

from fractions import Fraction

import mpmath

DIGITS = 60


def number(value):
    """An mpf of a number of a certificate."""
    if isinstance(value, list):
        total = number(value[0])
        for constant, q in value[1]:
            total += number(q) * _constant(constant)
        return total
    exact = Fraction(*float.fromhex(value).as_integer_ratio()) if "x" in value else Fraction(value)
    return mpmath.mpf(exact.numerator) / exact.denominator


def rational(value):
    """A Fraction of a number string."""
    return Fraction(*float.fromhex(value).as_integer_ratio()) if "x" in value else Fraction(value)


def _constant(parts):
    if parts[0] == "pi":
        return +mpmath.pi
    if parts[0] == "log":
        return mpmath.log(number(parts[1]))
    if parts[0] == "exp":
        return mpmath.exp(number(parts[1]))
    return number(parts[1]) ** (mpmath.mpf(1) / parts[2])


def value(name, z):
    """``σ(z)``."""
    family, _, parameter = name.partition(":")
    if family == "power":
        return z ** int(parameter)
    if family == "leaky-relu":
        return z if z > 0 else z * number(parameter) if isinstance(z, mpmath.mpf) else z * Fraction(parameter)
    return {
        "identity": lambda: z,
        "relu": lambda: z if z > 0 else 0 * z,
        "hard-tanh": lambda: z if abs(z) < 1 else mpmath.sign(z) if isinstance(z, mpmath.mpf) else Fraction(1 if z > 0 else -1),
        "softsign": lambda: z / (1 + abs(z)),
        "tanh": lambda: mpmath.tanh(z),
        "sigmoid": lambda: 1 / (1 + mpmath.exp(-z)),
        "softplus": lambda: max(z, mpmath.mpf(0)) + mpmath.log1p(mpmath.exp(-abs(z))),
        "bent-identity": lambda: (mpmath.sqrt(z * z + 1) - 1) / 2 + z,
        "elu": lambda: z if z > 0 else mpmath.expm1(z),
        "gelu": lambda: z * mpmath.erfc(-z / mpmath.sqrt(2)) / 2,
        "silu": lambda: z / (1 + mpmath.exp(-z)),
        "swish": lambda: z / (1 + mpmath.exp(-number(parameter) * z)),
        "mish": lambda: z * mpmath.tanh(max(z, mpmath.mpf(0)) + mpmath.log1p(mpmath.exp(-abs(z)))),
        "arctan": lambda: mpmath.atan(z),
        "erf": lambda: mpmath.erf(z),
        "sin": lambda: mpmath.sin(z),
    }[family]()


def slope(name, z):
    """``σ'(z)``, by differences where no closed form is as plain."""
    family, _, parameter = name.partition(":")
    if family == "power":
        return int(parameter) * z ** (int(parameter) - 1)
    if family == "identity":
        return 0 * z + 1
    if family in ("relu", "leaky-relu"):
        left = Fraction(parameter or 0)
        return 0 * z + (1 if z > 0 else left if not isinstance(z, mpmath.mpf) else number(str(left)))
    if family == "hard-tanh":
        return 0 * z + (1 if abs(z) < 1 else 0)
    if family == "softsign":
        return 1 / (1 + abs(z)) ** 2
    return mpmath.diff(lambda t: value(name, t), z)


def activations(problem):
    """The names of the activations of the layers 1 to L, from the JSON of a problem."""
    hidden, count = problem["activation"], len(problem["widths"]) - 2
    return [*(hidden if isinstance(hidden, list) else [hidden] * count), problem["output_activation"]]


def biases(problem):
    """The bias modes of the layers 1 to L."""
    bias = problem["bias"]
    return bias if isinstance(bias, list) else [bias] * (len(problem["widths"]) - 1)


def constants(modes, layers):
    """What stands for ``fixed_bias`` in a problem with these modes, and points with these layers."""
    return [part["b"] if mode == "fixed" else None for mode, part in zip(modes, layers, strict=True)] if "fixed" in modes else None


def matrix(document, index, name, read=number):
    """The named matrix at point ``index`` as a list of rows, over mpf, or over Fraction with ``read=rational``."""
    problem = document["problem"]
    point = document["points"][index] if document["points"] else []
    n, L, T = problem["widths"], len(problem["widths"]) - 1, len(problem["X"])
    ones = [None] + [bias == "trainable" for bias in biases(problem)]
    names = [None, *activations(problem)]
    vanishing = names[L].split(":")[0] in ("relu", "hard-tanh", "gelu", "silu", "swish", "mish", "sin") or (
        names[L].startswith("power") and names[L] != "power:1"
    )
    W = [None] + [[[read(x) for x in row] for row in layer["W"]] for layer in point]
    b = [None] + [[read(x) for x in layer["b"]] for layer in point]
    kind, _, rest = name.partition("-")
    l = int(rest.rstrip("+*")) if rest else 0
    if kind == "W":
        return W[l] + ([b[l]] if ones[l] and not rest.endswith("*") else [])
    phi, z = [], []
    for i in range(T):
        phi.append([[read(x) for x in problem["X"][i]]])
        z.append([None])
        for k in range(1, L + 1 if point else 1):
            z[i].append([sum(phi[i][k - 1][a] * W[k][a][c] for a in range(n[k - 1])) + b[k][c] for c in range(n[k])])
            last = kind == "Phi" and k > l
            phi[i].append([0] * n[k] if k == L or last else [value(names[k], t) for t in z[i][k]])
    plus = [[[*phi[i][k]] + ([1] if ones[k + 1] else []) for k in range(L if point else 1)] for i in range(T)]
    if kind == "Phi":
        source = [plus[i][l] if rest.endswith("+") else phi[i][l] for i in range(T)]
        return [[source[i][r] for i in range(T)] for r in range(len(source[0]))]
    psi = []
    for i in range(T):
        top = [[(slope(names[L], z[i][L][a]) if vanishing else 1) if a == j else 0 for j in range(n[L])] for a in range(n[L])]
        layers = {L: top}
        for k in range(L - 1, 0, -1):
            later = layers[k + 1]
            inner = [[sum(W[k + 1][a][c] * later[c][j] for c in range(n[k + 1])) for j in range(n[L])] for a in range(n[k])]
            layers[k] = [[slope(names[k], z[i][k][a]) * inner[a][j] for j in range(n[L])] for a in range(n[k])]
        psi.append(layers)
    if kind == "Psi":
        return [[psi[i][l][a][j] if i == k else 0 for k in range(T) for j in range(n[L])] for i in range(T) for a in range(n[l])]
    rows = []
    for k in [l] if rest else range(1, L + 1):
        for a in range(n[k]):
            for c in range(len(plus[0][k - 1])):
                rows.append([psi[i][k][a][j] * plus[i][k - 1][c] for i in range(T) for j in range(n[L])])
    return rows


def pivots(rows):
    """Rows and columns of a large minor that is not 0, by elimination with complete pivoting."""
    work = [[mpmath.mpf(x.numerator) / x.denominator if isinstance(x, Fraction) else mpmath.mpf(x) for x in row] for row in rows]
    left_rows, left_columns = list(range(len(work))), list(range(len(work[0])))
    chosen = []
    while left_rows and left_columns:
        r, c = max(((r, c) for r in left_rows for c in left_columns), key=lambda rc: abs(work[rc[0]][rc[1]]))
        if abs(work[r][c]) < mpmath.mpf(10) ** -30:
            break
        left_rows.remove(r)
        left_columns.remove(c)
        chosen.append((r, c))
        for other in left_rows:
            factor = work[other][c] / work[r][c]
            for column in left_columns:
                work[other][column] -= factor * work[r][column]
    return sorted(r for r, _ in chosen), sorted(c for _, c in chosen)
