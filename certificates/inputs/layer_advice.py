"""What would help where a layer or function of some framework is no part of an MLP, by what it is called there."""

from __future__ import annotations

import re
from collections.abc import Sequence

PART = "lossproof reads chains of linear layers and functions of single units, so give the part of the model that is one, with the samples that it sees"
SKIP = "an MLP has no skip connections"
_KINDS: Sequence[tuple[str, str]] = (
    ("quantiz|quantis", "it rounds between layers: give the model before quantisation, or one with its dequantised weights"),
    (
        "pool|maxout|^glu$",
        "it mixes units of one layer, as no layer of an MLP does; give the part of the model after it, with the samples that that sees",
    ),
    (
        "conv(?!ert)",
        "where its kernel covers the whole input it is a linear layer on flattened samples: write that; otherwise places share weights, as in no MLP",
    ),
    ("embed", "it is a linear layer without bias on rows with a single 1, one place a symbol: write that, and give such rows as samples"),
    (
        "lstm|gru|rnn|recurrent",
        "it applies its weights again and again, so it is no MLP; give a linear part after it, with the features that it makes",
    ),
    (
        "attention|transformer|^bmm$",
        "it multiplies functions of its inputs by each other, so it is no MLP; give an MLP in it, with the samples that it sees",
    ),
    ("bilinear", "it multiplies its inputs by each other, so it is no layer of an MLP"),
    (
        "(layer|group|rms|instance|unit|response|spectral)_?norm|^normalize$",
        "each of its outputs depends on all units, or a group of them, as in no MLP; batch normalisation in evaluation mode is one",
    ),
    ("batch_?norm", "it normalises other axes than single units: batch normalisation of rows, in evaluation mode, is read"),
    ("dropout|noise", "in evaluation it changes nothing: leave it out"),
    ("prelu", "its slope is trained, and slopes of lossproof's are constants: a leaky relu with this slope is read"),
    ("^(add|add_|iadd|cat|concat|concatenate|stack|hstack|average|maximum|minimum)$", SKIP),
    ("^(gather|take)$", "it chooses rows or columns, as an embedding does: choose them first, and give what that makes as samples"),
    ("^(mul|multiply|mul_|imul)$", "an MLP has no products of units; z·sigmoid(z) is silu, and other gates are no function of one unit"),
    ("^(div|divide|truediv|true_divide)$", "an MLP has no quotients of units"),
    ("^lambda$", "what it computes does not stand in the model: write it as a layer or an operation"),
)


def advice_on_layer(name: str) -> str | None:
    """Return what to do about a layer or function of this name, None where nothing is known of it.

    >>> advice_on_layer("LayerNorm") == advice_on_layer("layer_norm"), advice_on_layer("Quaternion") is None
    (True, True)
    """
    return next((advice for kind, advice in _KINDS if re.search(kind, name.lower())), None)
