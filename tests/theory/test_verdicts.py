"""Verdict, scope and rigor equal their texts and nothing else, and keep no truth value or order that would mislead."""

from __future__ import annotations

import copy
import itertools
import pickle

import pytest

from lossproof.theory.verdicts import Rigor, Scope, Verdict

WORDS = [*Verdict, *Scope, *Rigor]


@pytest.mark.parametrize("word", WORDS)
def test_a_word_is_its_text(word):
    assert word == word.value
    assert word.value == word
    assert word == str(word)
    assert word != word.value.swapcase()
    assert {word: 1}[word.value] == 1
    assert {word.value: 1}[word] == 1
    assert word in (word.value,)


def test_different_words_differ():
    for first, second in itertools.permutations(WORDS, 2):
        assert first != second
        assert first != second.value
    for other in (None, 0, True, ("PROVED",), b"PROVED"):
        assert other != Verdict.PROVED


@pytest.mark.parametrize("word", WORDS)
def test_copies_are_the_same(word):
    assert pickle.loads(pickle.dumps(word)) is word
    assert copy.deepcopy(word) is word


def test_words_have_no_order():
    with pytest.raises(TypeError):
        assert Rigor.EXACT < Rigor.CITED
    assert not isinstance(Verdict.PROVED, str)


def test_a_verdict_has_no_truth_value():
    with pytest.raises(TypeError, match="no truth value"):
        bool(Verdict.UNDECIDED)
