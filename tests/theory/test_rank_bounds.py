"""The rank bounds against exact ranks of random rational matrices."""

import random
from itertools import combinations

import pytest
from cases.theory_cases import Rows, columns_of, khatri_rao, product, random_rows, rank, side_by_side

from lossproof.theory.bounds import lower as bounds
from lossproof.theory.exceptions import InputError


def random_factors(seed: int) -> tuple[list[Rows], Rows]:
    """Ψ(1), …, Ψ(T) and Φ with zero and deficient blocks among them."""
    generator = random.Random(seed)
    n_l, n_L, m, T = (generator.randint(1, 4) for _ in range(4))
    psi = [random_rows(generator, n_l, n_L, planted=generator.choice((None, None, 0, 1))) for _ in range(T)]
    psi = [block or [[0] * n_L] * n_l for block in psi]
    phi = random_rows(generator, m, T, planted=generator.choice((None, None, 1, 2)))
    return psi, phi


def kruskal_rank(blocks: list[Rows], T: int) -> int:
    """The largest k such that any k blocks have all their columns independent."""
    for k in range(T, 0, -1):
        if all(rank(side_by_side([blocks[i] for i in S])) == k * len(blocks[0][0]) for S in combinations(range(T), k)):
            return k
    return 0


@pytest.mark.parametrize("seed", range(150))
def test_lower_bounds_hold(seed: int) -> None:
    psi, phi = random_factors(seed)
    n_l, n_L, T = len(psi[0]), len(psi[0][0]), len(psi)
    true_rank = rank(khatri_rao(psi, phi))
    assert bounds.khatri_rao_bound(n_l, T, rank(phi), sum(map(rank, psi))) <= true_rank
    S = [i for i in range(T) if rank(psi[i])]
    S_phi = [i for i in range(T) if any(row[i] for row in phi)]
    on_S = rank(columns_of(phi, S))
    on_S_phi = rank(side_by_side([psi[i] for i in S_phi]))
    assert bounds.projection_bound(on_S, on_S_phi) <= true_rank
    k_phi = kruskal_rank([[[row[i]] for row in phi] for i in range(T)], T)
    k_psi = kruskal_rank(psi, T)
    k_bound = bounds.k_rank_bound(k_phi, k_psi, T)
    blocks = [khatri_rao([psi[i]], [[row[i]] for row in phi]) for i in range(T)]
    assert k_bound <= kruskal_rank(blocks, T)
    assert n_L * k_bound <= true_rank


@pytest.mark.parametrize("seed", range(150))
def test_upper_bounds_hold(seed: int) -> None:
    psi, phi = random_factors(seed)
    true_rank = rank(khatri_rao(psi, phi))
    psi_sum = sum(rank(psi[i]) for i in range(len(psi)) if any(row[i] for row in phi))
    rank_psi, rank_phi = rank(side_by_side(psi)), rank(phi)
    rows, columns = len(psi[0]) * len(phi), len(psi) * len(psi[0][0])
    assert true_rank <= bounds.product_upper_bound(rank_psi, rank_phi)
    assert true_rank <= bounds.block_upper_bound(rows, columns, psi_sum, rank_psi, rank_phi)


def test_bounds_are_attained() -> None:
    """For each bound some matrices attain it, so none can be raised."""
    attained = dict.fromkeys(("khatri-rao", "projection", "k-rank", "block"), 0)
    for seed in range(80):
        psi, phi = random_factors(seed)
        T, n_l = len(psi), len(psi[0])
        true_rank = rank(khatri_rao(psi, phi))
        lower = bounds.khatri_rao_bound(n_l, T, rank(phi), sum(map(rank, psi)))
        attained["khatri-rao"] += 0 < lower == true_rank
        S = [i for i in range(T) if rank(psi[i])]
        attained["projection"] += 0 < bounds.projection_bound(rank(columns_of(phi, S))) == true_rank
        k_phi = kruskal_rank([[[row[i]] for row in phi] for i in range(T)], T)
        attained["k-rank"] += 0 < bounds.k_rank_bound(k_phi, kruskal_rank(psi, T), T) * len(psi[0][0]) == true_rank
        psi_sum = sum(rank(psi[i]) for i in range(T) if any(row[i] for row in phi))
        upper = bounds.block_upper_bound(n_l * len(phi), T * len(psi[0][0]), psi_sum, rank(side_by_side(psi)), rank(phi))
        attained["block"] += true_rank == upper
    assert all(count > 5 for count in attained.values()), attained


@pytest.mark.parametrize("T", [2, 3, 5])
def test_naive_bound_is_violated(T: int) -> None:
    """naive-khatri-rao: all Ψ(i) = I_2 and rank Φ = 1."""
    psi = [[[1, 0], [0, 1]]] * T
    phi = [[1] * T, [2] * T]
    naive = rank(phi) + sum(map(rank, psi)) - T
    true_rank = rank(khatri_rao(psi, phi))
    assert true_rank == 2 < naive == T + 1
    assert bounds.khatri_rao_bound(2, T, 1, 2 * T) == 2 <= true_rank
    assert bounds.product_upper_bound(2, 1) == 2


def test_xor_first_block() -> None:
    """2-2-1 XOR with tanh: rank of Φ_0 with ones is 3, all Ψ_1(i) have rank 1; the bound is 2."""
    assert bounds.khatri_rao_bound(n_l=2, T=4, rank_phi=3, psi_rank_sum=4) == 2


@pytest.mark.parametrize("seed", range(60))
def test_psi_rank_bounds_products(seed: int) -> None:
    generator = random.Random(seed)
    widths = [generator.randint(1, 4) for _ in range(generator.randint(2, 5))]
    L = len(widths) - 1
    W = {l: random_rows(generator, widths[l - 1], widths[l], generator.choice((None, None, 1))) for l in range(1, L + 1)}
    psi = [[int(a == j) for j in range(widths[L])] for a in range(widths[L])]
    for layer in range(L, 0, -1):
        ranks = [rank(W[l]) for l in range(L, layer, -1)]
        assert bounds.psi_rank(widths, layer, ranks) <= rank(psi)
        if all(rank(W[l]) == min(widths[l - 1], widths[l]) for l in range(layer + 1, L + 1)):
            assert bounds.guaranteed_ranks(widths)[layer - 1] == bounds.psi_rank(widths, layer, ranks)
        psi = product(W[layer], psi, widths[L])


def _worst_weights(widths: tuple[int, ...]) -> list[int]:
    """Ranks of Ψ_l for full-rank weights chosen, from the last layer down, to kill as much of Ψ_{l+1} as they can."""
    psi = [[int(a == j) for j in range(widths[-1])] for a in range(widths[-1])]
    ranks = [rank(psi)]
    for l in range(len(widths) - 2, 0, -1):
        kept = min(widths[l], widths[l + 1])
        independent = [a for a in range(len(psi)) if rank(psi[: a + 1]) > rank(psi[:a])]
        order = [a for a in range(len(psi)) if a not in independent] + independent
        W = [[int(u < kept and a == order[u]) for a in range(widths[l + 1])] for u in range(widths[l])]
        assert rank(W) == kept
        psi = product(W, psi, widths[-1])
        ranks.append(rank(psi))
    return ranks[::-1]


@pytest.mark.parametrize("widths", [(2, 2, 1), (2, 2, 3, 3, 2), (4, 2, 5, 2), (3, 4, 4, 4, 4), (1, 5, 2, 6, 3), (2, 8, 4, 2, 5), (3, 3)])
def test_guaranteed_ranks_are_sharp(widths: tuple[int, ...]) -> None:
    assert list(bounds.guaranteed_ranks(widths)) == _worst_weights(widths)


def test_plateau_passes_the_principle_and_loses_rank() -> None:
    widths = (2, 2, 3, 3, 2)
    assert bounds.widths_principle(widths)
    assert not bounds.widths_lossless(widths)
    assert bounds.guaranteed_ranks(widths) == (1, 2, 2, 2)


def test_lossless_widths_obey_the_principle() -> None:
    generator = random.Random(0)
    for _ in range(400):
        widths = [generator.randint(1, 5) for _ in range(generator.randint(2, 6))]
        if bounds.widths_lossless(widths):
            assert bounds.widths_principle(widths)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: bounds.khatri_rao_bound(2, 4, 5, 4), "rank_phi must be a whole number from 0 to 4, got 5"),
        (lambda: bounds.khatri_rao_bound(2, 4, 3, 9), "psi_rank_sum must be a whole number from 0 to 8, got 9"),
        (lambda: bounds.khatri_rao_bound(2, 4, 3.0, 4), "rank_phi must be a whole number"),
        (lambda: bounds.khatri_rao_bound(True, 4, 3, 4), "n_l must be a whole number"),
        (lambda: bounds.psi_rank((2, 2, 1), 1, []), "weight_ranks must hold 1 ranks"),
        (lambda: bounds.psi_rank((2, 2, 1), 1, [2]), "the rank of W_2 must be a whole number from 0 to 1"),
        (lambda: bounds.psi_rank((2, 2, 1), 3, []), "layer must be a whole number from 1 to 2"),
        (lambda: bounds.guaranteed_ranks((2,)), "at least inputs and outputs"),
        (lambda: bounds.guaranteed_ranks((2, 0, 1)), "width n_1 must be a whole number at least 1"),
        (lambda: bounds.k_rank_bound(5, 1, 4), "k_phi must be a whole number from 0 to 4"),
        (lambda: bounds.duplicate_bound(1, -1), "distinct must be a whole number at least 0"),
    ],
)
def test_impossible_numbers_are_refused(call, message: str) -> None:
    with pytest.raises(InputError, match=message):
        call()
