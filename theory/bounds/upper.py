r"""Upper bounds of the ranks of ``P`` and its row blocks, in integers. Symbols as in `theory.rank_bounds`.

Every bound here grows with the ranks put in, so proved *upper* bounds of those ranks may stand for the ranks themselves. All functions
raise `InputError` for numbers that no matrix can have.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import comb
from typing import TYPE_CHECKING

from lossproof.theory.exceptions import InputError
from lossproof.theory.whole_numbers import whole

if TYPE_CHECKING:
    from lossproof.theory.problem.architecture import Architecture


def product_upper_bound(rank_psi: int, rank_phi: int) -> int:
    r"""Return ``rank[Ψ_l]·rank Φ_{l-1} ≥ rank(Ψ_l ⊙ Φ_{l-1})`` (`rank-upper`).

    ``[Ψ_l] = [Ψ_l(1), …, Ψ_l(T)]`` has shape ``(n_l, T n_L)``.

    Proof: every column ``Ψ_l(i)[:, j] ⊗ φ(i)`` lies in the tensor product of the column spaces of ``[Ψ_l]`` and ``Φ``. With ``rank[Ψ_l] ≤
    n_l`` it reads ``n_l·rank Φ``.

    >>> product_upper_bound(2, 3)
    6
    """
    return whole("rank_psi", rank_psi, 0) * whole("rank_phi", rank_phi, 0)


def block_upper_bound(rows: int, columns: int, psi_rank_sum: int, rank_psi: int, rank_phi: int) -> int:
    r"""Return ``min(rows, columns, Σ_{φ(i)≠0} rank Ψ_l(i), rank[Ψ_l]·rank Φ_{l-1}) ≥ rank(Ψ_l ⊙ Φ_{l-1})`` (`rank-upper`).

    ``rows`` and ``columns`` are those of the block, ``(n_{l-1} + [bias trainable])·n_l`` and ``T n_L``; ``psi_rank_sum`` sums the ranks
    of ``Ψ_l(i)`` over the samples with ``φ_{l-1}(i) ≠ 0``; for ``rank_psi`` see `product_upper_bound`.

    Proof: the column block of sample ``i`` has rank ``rank Ψ_l(i)·[φ(i) ≠ 0]``, and ranks of column blocks add up at most.

    >>> block_upper_bound(rows=6, columns=4, psi_rank_sum=4, rank_psi=1, rank_phi=3)
    3
    """
    sides = min(whole("rows", rows, 1), whole("columns", columns, 1))
    return min(sides, whole("psi_rank_sum", psi_rank_sum, 0), product_upper_bound(rank_psi, rank_phi))


def network_upper_bound(N_net: int, columns: int, block_bounds: Sequence[int]) -> int:
    r"""Return ``min(N_net, T n_L, Σ_l rank(Ψ_l ⊙ Φ_{l-1})) ≥ rank P``: ranks of row blocks add up at most (`rank-upper`).

    >>> network_upper_bound(9, 4, [3, 3]), network_upper_bound(9, 4, [2, 1])
    (4, 3)
    """
    blocks = sum(whole(f"block bound {l}", bound, 0) for l, bound in enumerate(block_bounds, start=1))
    return min(whole("N_net", N_net, 1), whole("columns", columns, 1), blocks)


def duplicate_bound(n_L: int, distinct: int) -> int:
    r"""Return ``n_L·distinct ≥ rank P``, where ``distinct`` is the number of different inputs (`duplicate`).

    Proof: equal inputs have equal columns in ``P``, at every ``W``. Without bias and with ``σ(0) = 0`` the input 0 need not be counted: its
    ``φ_l``, ``l < L``, and so its columns, are 0.

    >>> duplicate_bound(n_L=2, distinct=3)
    6
    """
    return whole("n_L", n_L, 1) * whole("distinct", distinct, 0)


def homogeneous_bound(architecture: Architecture) -> int:
    r"""Return ``N_net − Σ n_l ≥ rank P``, over the scaled hidden layers, at every ``W`` where ``P`` exists (`homogeneous`).

    Hypotheses: some hidden layer is scaled, that is, its activation is homogeneous of degree ``k`` (``relu``, ``leaky-relu``, ``power:k``; for the identity
    `narrow_linear_bound` says more), its bias mode ``trainable`` or ``none``; otherwise `InputError`.

    Proof: multiplying the incoming weights and the bias of hidden unit ``(l, a)`` by ``e^t`` and its
    outgoing weights by ``e^{-kt}`` leaves the network's function as it is. Its derivative at ``t = 0`` is a vector ``v_{l,a}`` with
    ``v_{l,a}ᵀ P = 0``. If no weight is 0 the ``v_{l,a}`` are independent: in ``Σ c_{l,a} v_{l,a} = 0`` the entry at ``W_l[b, a]`` reads
    ``(c_{l,a} − k c_{l-1,b}) W_l[b, a] = 0`` with ``c = 0`` for layers that are not scaled, so all ``c`` vanish, layer by layer. Near a point where all ``z ≠
    0`` (for powers: near any point) the matrix ``P`` is continuous, and the rank of a limit is at most the ranks before it: the bound holds at weights that
    are 0, too.

    >>> from lossproof.theory.problem.architecture import Architecture
    >>> homogeneous_bound(Architecture.of("2-3-1", "relu"))
    10
    """
    hidden, scaled = architecture.activation, architecture.scaled_layers
    single = architecture.L == 1 and hidden.homogeneity is not None and architecture.bias != "fixed"
    if hidden.is_identity or not (scaled or single):
        raise InputError(
            "the homogeneous bound must be asked for relu, leaky-relu or a power with bias 'trainable' or 'none', "
            f"got {hidden.name} with bias {architecture.bias!r}: use another bound"
        )
    return architecture.N_net - sum(architecture.widths[l] for l in scaled)


def zero_weights_bound(architecture: Architecture) -> int:
    r"""Return ``n_L ≥ rank P`` at all weights with ``W_l = 0`` for ``l = 1..L`` and any biases (`never-everywhere`).

    Hypothesis: ``L ≥ 2``, otherwise `InputError`; and ``P`` exists there.

    Proof: ``Ψ_l(i) = Σ'_l(i) W_{l+1} Ψ_{l+1}(i) = 0`` for ``l < L``, so only the last row block is left. ``φ_{L-1}`` and ``z_L`` are the
    same for all samples, so that block has equal columns for equal outputs: at most ``n_L`` different ones.

    >>> from lossproof.theory.problem.architecture import Architecture
    >>> zero_weights_bound(Architecture.of("2-2-1", "tanh"))
    1
    """
    if architecture.L < 2:
        raise InputError(
            f"the zero-weights bound must be asked for a network with a hidden layer, got {architecture}: use the rank of the inputs"
        )
    return architecture.n_L


def linear_bound(n_L: int, rank_inputs: int) -> int:
    r"""Return ``n_L·rank Φ_0 ≥ rank P`` for a network that is affine in its inputs (`linear-reach`).

    Hypotheses: ``L = 1``, or the hidden activation is the identity; ``rank_inputs`` is the rank of ``Φ_0`` with its row of ones when the
    bias is trainable; bias mode ``trainable`` or ``none``. Holds at every ``W``, for every output activation.

    Proof: each derivative of ``z_{L,j}(x)`` by a weight is linear in ``(x, 1)`` (in ``x`` without bias), so in the columns of output
    ``j`` every row of ``P`` lies in the row space of ``Φ_0`` times a diagonal matrix.

    >>> linear_bound(n_L=1, rank_inputs=3)
    3
    """
    return whole("n_L", n_L, 1) * whole("rank_inputs", rank_inputs, 0)


def narrow_linear_bound(architecture: Architecture, rank_inputs: int) -> int:
    r"""Return ``ρ b + a n_L − a b ≥ rank P`` for hidden layers of the identity, with the narrowest of width ``m`` (`linear-reach`).

    ``ρ = rank_inputs`` is the rank of ``Φ_0`` with its row of ones when the bias is trainable, ``a = min(m + [bias trainable], ρ)``, ``b =
    min(m, n_L)``. It is at most `linear_bound`. Without bias and for ``ρ = n_0`` it is the dimension of the matrices of rank ``m``. Hypotheses: ``L ≥
    2``, hidden activation ``identity``, bias mode ``trainable`` or ``none``; otherwise `InputError`. Holds at every ``W``.

    Proof: with ``h`` the narrowest layer ``z_L = φ_h B + c``. A change of the weights up to ``h`` changes ``φ_h`` by vectors over the samples
    that lie in the row space ``C`` of ``Φ_0⁺``, and ``z_L`` by elements of ``C ⊗ R``, with ``R`` the row space of ``B``. A change of the
    weights behind ``h`` changes ``z_L`` by elements of ``A ⊗ R^{n_L}``, with ``A ⊂ C`` the row space of ``Φ_h⁺``. The two meet in ``A ⊗ R``, so
    the sum has dimension ``ρ dim R + dim A (n_L − dim R)``, which grows with both; ``dim A ≤ a``, ``dim R ≤ b``. Factors ``σ_out'`` of columns
    cannot raise it.

    >>> from lossproof.theory.problem.architecture import Architecture
    >>> narrow_linear_bound(Architecture.of("3-1-3", "identity", bias="none"), rank_inputs=3)
    5
    """
    net = architecture
    if net.L < 2 or not net.is_uniform or not net.activation.is_identity or net.bias == "fixed":
        raise InputError(
            "the narrow linear bound must be asked for hidden layers of the identity and bias 'trainable' or 'none', "
            f"got {net} with {net.activation.name} and bias {net.bias!r}: use another bound"
        )
    rho, m = whole("rank_inputs", rank_inputs, 0), min(net.widths[1:-1])
    a, b = min(m + net.bias_rows_of(1), rho), min(m, net.n_L)
    return rho * b + a * (net.n_L - b)


def polynomial_bound(n_L: int, n_0: int, degree: int, *, homogeneous: bool = False) -> int:
    r"""Return ``n_L·C(n_0 + degree, degree) ≥ rank P`` when ``z_L`` is a polynomial of at most that degree in the inputs (`rank-upper`).

    With ``homogeneous`` the outputs are forms of exactly that degree, as they are without bias, and the bound is ``n_L·C(n_0 + degree − 1,
    degree)``. Hypothesis: the hidden activation is the identity (``k = 1``) or ``power:k``, and ``degree ≥ k^{L-1}`` (for forms ``=``). Holds
    at every ``W``.

    Proof: differentiating by a weight leaves the degree in ``x`` as it is, so in the columns of output ``j`` every row of ``P`` is, up to
    the factors ``σ_out'``, the value vector of a polynomial from a space of that dimension.

    >>> polynomial_bound(n_L=1, n_0=2, degree=2), polynomial_bound(n_L=1, n_0=2, degree=2, homogeneous=True)
    (6, 3)
    """
    degree = whole("degree", degree, 0)
    return whole("n_L", n_L, 1) * comb(whole("n_0", n_0, 1) + degree - int(homogeneous), degree)


def bottleneck_bound(architecture: Architecture, T: int) -> int:
    r"""Return the least of ``T n_L`` and ``T n_h + (n_{h+1} − n_h)·min(T, n_h + β) + Σ_{l>h+1} (n_{l-1} + β) n_l`` (`rank-upper`).

    ``h`` runs through the hidden layers with ``n_h ≤ n_{h+1}``, and ``β = 1`` when the biases of the layer are trainable, else 0. For hidden powers without
    bias and with one unit in some hidden layer it is at most ``T + n_L − 1``, too. Hypothesis: ``L ≥ 2``, otherwise `InputError`. Holds at
    every ``W`` where ``P`` exists, for every output activation.

    Proof: up to the factors ``σ_out'`` of the columns, a change of the weights changes the outputs through a change of ``φ_h``, from a space of
    dimension ``T n_h``, or it is a change of the weights behind ``h``. With ``ρ`` the rank of ``Φ_h⁺``, those of layer ``h + 1`` have an image
    of dimension ``ρ n_{h+1}`` at most, the others one of at most their number. Now the changes ``φ_h(i) ↦ A φ_h(i) + a`` (``a = 0`` without
    bias), which form a space of dimension ``ρ n_h``, can be undone by layer ``h + 1``, so the sum of all images has dimension at most ``T n_h +
    ρ n_{h+1} − ρ n_h + Σ_{l>h+1} …``, which grows with ``ρ ≤ min(T, n_h + β)``. Behind a single unit ``h`` of powers without bias ``z_L = z_h^d
    c``: the changes up to ``h`` lie in ``R^T ⊗ c``, those behind ``h`` in ``C ⊗ R^{n_L}``, with ``C`` spanned by the values ``z_h(i)^d``.

    >>> from lossproof.theory.problem.architecture import Architecture
    >>> bottleneck_bound(Architecture.of("3-1-2"), T=4), bottleneck_bound(Architecture.of("3-2-2"), T=4)
    (6, 8)
    """
    a = architecture
    if a.L < 2:
        raise InputError(f"the bottleneck bound must be asked for a network with a hidden layer, got {a}: use the rank of the inputs")
    T, n = whole("T", T, 1), a.widths
    found, behind = [T * a.n_L], 0
    if a.is_uniform and a.activation.degree is not None and not a.activation.is_identity and a.bias == "none" and 1 in n[1:-1]:
        found.append(T + a.n_L - 1)
    for h in range(a.L - 1, 0, -1):
        if n[h] <= n[h + 1]:
            found.append(T * n[h] + (n[h + 1] - n[h]) * min(T, a.fan_in(h + 1)) + behind)
        behind += a.fan_in(h + 1) * n[h + 1]
    return min(found)


def last_block_rank(n_L: int, rank_phi: int) -> int:
    r"""Return ``n_L·rank Φ_{L-1} = rank(Ψ_L ⊙ Φ_{L-1})``, which is also a lower bound of ``rank P`` (`wide-layer`).

    Hypothesis: the output activation has ``σ' ≠ 0`` everywhere. Proof: up to non-zero factors of columns the last block is ``I_{n_L} ⊗
    Φ_{L-1}`` with its columns reordered.

    >>> last_block_rank(n_L=2, rank_phi=3)
    6
    """
    return whole("n_L", n_L, 1) * whole("rank_phi", rank_phi, 0)


def hessian_rank_bound(rank_P: int, columns: int) -> int:
    r"""Return ``min(rank P, T n_L) ≥ rank H`` at an exact learner (`hessian-rank`).

    Proof: there ``H = (1/T) P diag(∇²E_i) Pᵀ``. Where every ``∇²E_i`` is positive definite, ``rank H = rank P``.

    >>> hessian_rank_bound(rank_P=9, columns=4)
    4
    """
    return min(whole("rank_P", rank_P, 0), whole("columns", columns, 1))
