"""The attacks on bad minima in regions, small: nothing lower nearby, better points that are better in 100 digits, and attacks that see what is wrong."""

from __future__ import annotations

import dataclasses
from fractions import Fraction

import numpy as np
import pytest

REGIONS = ("linear-region", "dead-region", "constant-region")


def test_the_random_problems_are_of_all_kinds(benchmark):
    """With biases and without, one hidden layer and two, each of the errors."""
    attacks = benchmark("region_attacks")
    networks = {region: [found.network for found in attacks.refuted(region, 25, seed=4)] for region in REGIONS}
    assert {n.bias for region in REGIONS[:2] for n in networks[region]} == {"trainable", "none"}
    assert {n.error for found in networks.values() for n in found} == {"squared", "logistic", "softmax"}
    assert {len(n.widths) for found in networks.values() for n in found} == {3, 4}


@pytest.mark.parametrize("region", REGIONS)
def test_no_refutation_by_a_region_is_wrong(benchmark, region):
    attacks = benchmark("region_attacks")
    assert [words for k, found in enumerate(attacks.refuted(region, 12, seed=1)) for words in attacks.alarms(found, k)] == []


@pytest.mark.parametrize("region", REGIONS)
def test_the_attack_sees_a_loss_that_is_claimed_too_large_and_a_better_point_that_is_none(benchmark, region):
    attacks = benchmark("region_attacks")
    (true,) = attacks.refuted(region, 1, seed=2)
    facts = true.found.minimum.facts
    large = dataclasses.replace(true.found.minimum, facts={**facts, "loss_lower": facts["loss_lower"] * 2})
    assert attacks.alarms(attacks.Refuted(true.network, dataclasses.replace(true.found, minimum=large)), 0) == [
        "the loss of the minimum is smaller than said"
    ]
    low = dataclasses.replace(true.found.minimum, facts={**facts, "loss_lower": Fraction(0)})
    assert attacks.alarms(attacks.Refuted(true.network, dataclasses.replace(true.found, minimum=low)), 0) == [
        "the better point is not better"
    ]


def test_the_attack_sees_a_smaller_loss_nearby(benchmark):
    """Of the two signs in the last layer of a constant network only one gives a local minimum."""
    attacks, by_hand = benchmark("region_attacks"), benchmark("networks_by_hand")
    for k, found in enumerate(attacks.refuted("constant-region", 6, seed=3)):
        rng = np.random.default_rng(k)
        rises = [by_hand.rise_nearby(found.network, layers, 2e-4, 300, rng) for layers in attacks.weights_claimed(found, rng)]
        assert min(rises) < -1e-13 < max(rises)
