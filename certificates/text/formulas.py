"""Formulas: LaTeX of activations and errors, and LaTeX to MathML without any network access."""

from __future__ import annotations

import re
import unicodedata
import xml.etree.ElementTree as ElementTree
from fractions import Fraction
from functools import lru_cache

from lossproof.certificates.text.enclosures import decimal_below
from lossproof.theory.functions.activation import Activation
from lossproof.theory.functions.errors import ErrorFunction
from lossproof.theory.problem.architecture import Architecture
from lossproof.theory.rationals import fraction_latex, rational_text

_ERRORS = {
    "squared": r"\tfrac{1}{2}\sum_{j} r_j^2,\quad r=\varphi_L-y",
    "smooth-l1": r"\sum_{j} \sqrt{r_j^2+BETA},\quad r=\varphi_L-y",
    "blake-zisserman": r"\sum_{j} -\log\left(e^{-r_j^2}+BETA\right),\quad r=\varphi_L-y",
    "cauchy": r"\sum_{j} \log\left(1+r_j^2/BETA\right),\quad r=\varphi_L-y",
    "logistic": r"\sum_{j} \log\left(1+e^{\varphi_{L,j}}\right)-y_j\,\varphi_{L,j}",
    "softmax": r"\log\sum_{j} e^{\varphi_{L,j}}-\sum_{j} y_j\,\varphi_{L,j}",
}
_LONGEST = 40
_LIMITS = ("min", "max", "sup", "inf", "lim")
_LOSS = r"J(W)=\frac{1}{T}\sum_{i=1}^{T}E\bigl(F(W,x_i),\,y_i\bigr)"
_PENALTY = r"+\tfrac{1}{2}\sum_{k}\lambda_k w_k^2"


def loss_formula(*, decays: bool) -> str:
    """Return the loss as LaTeX: the mean error, and with weight decay the penalty besides."""
    return _LOSS + (_PENALTY if decays else "")


def activation_formula(activation: Activation) -> str:
    """Return ``σ(z)`` as LaTeX; a parameter too long for a line is called ``s``, with its leading digits behind the formula."""
    if activation.parameter is None:
        return activation.latex
    number, told = _parameter(activation.parameter, "s")
    return activation.latex.replace(fraction_latex(activation.parameter), number) + told if told else activation.latex


def named_hidden(architecture: Architecture) -> list[tuple[str, Activation]]:
    r"""Return the hidden activations with their symbols: ``\sigma`` for the one of all layers, or ``\sigma_1, \sigma_2, …`` layer by layer.

    >>> [name for name, _ in named_hidden(Architecture.of("2-2-2-1", ["tanh", "relu"]))]
    ['\\sigma_{1}', '\\sigma_{2}']
    """
    if architecture.L == 1:
        return []
    hidden = architecture.hidden
    several = len(set(hidden)) > 1
    return [(rf"\sigma_{{{l}}}", a) for l, a in enumerate(hidden, start=1)] if several else [(r"\sigma", hidden[0])]


def error_formula(error: ErrorFunction) -> str:
    """Return ``E(φ_L, y)`` as LaTeX; a scale too long for a line is called ``β``, with its leading digits behind the formula."""
    formula = _ERRORS[error.family]
    if error.family == "cauchy" and error.beta == 1:
        return formula.replace("/BETA", "")
    beta, told = _parameter(error.beta, r"\beta")
    fraction = error.family == "cauchy" and beta.startswith(r"\tfrac")
    return formula.replace("BETA", rf"\left({beta}\right)" if fraction else beta) + told


def _parameter(value: Fraction | None, symbol: str) -> tuple[str, str]:
    """Return a parameter as it stands in a formula, and what is to be said behind the formula: a long one is called by a symbol."""
    if value is None:
        return "", ""
    if len(rational_text(value)) > _LONGEST:
        digits, _, exponent = decimal_below(value).partition("e")
        power = rf"10^{{{exponent}}}" if exponent else ""
        times = "" if digits == "1" and power else digits + (r"\cdot " if power else "")
        return symbol, rf",\quad {symbol}\approx {times}{power}"
    return fraction_latex(value), ""


@lru_cache(maxsize=1024)
def mathml(latex: str, *, display: bool = False) -> str:
    """Return a formula as MathML that browsers set without any script or network access.

    ``display`` sets it on a line of its own. The LaTeX must come from the library, never from a user.

    >>> mathml("N_{net}")[:6], "<msub>" in mathml("N_{net}")
    ('<math ', True)
    """
    from latex2mathml.converter import convert

    rows_apart = re.sub(r"\\\\\s+", lambda _: "\\\\{}", latex)
    root = ElementTree.fromstring(convert(rows_apart, display="block" if display else "inline"))
    for element in root.iter():
        element.tag = element.tag.rpartition("}")[2]
    for parent in list(root.iter()):
        _mend(parent)
    return ElementTree.tostring(root, encoding="unicode", short_empty_elements=False)


def _mend(parent: ElementTree.Element) -> None:
    """Mark relations, named functions and limits as what they are, so that browsers set and space them well."""
    limit = parent.tag == "msub" and parent[0].text in _LIMITS
    if limit:
        parent.tag = "munder"
        parent[0].set("movablelimits", "true")
    for position, child in reversed(list(enumerate(parent))):
        text = child.text or ""
        if child.tag == "mi" and (text == ":" or unicodedata.category(text[:1] or "a") == "Sm"):
            child.tag = "mo"
        elif child.tag == "mo" and text.isascii() and text.isalpha() and not limit:
            child.tag = "mi"
        if child.tag == "mi" and len(text) > 1 and text.isalpha() and parent.tag == "mrow":
            _space_function(parent, position)


def _space_function(parent: ElementTree.Element, position: int) -> None:
    """Put a thin space between a named function and the operands beside it."""
    operands = ("mi", "mn", "msub", "msup", "msubsup", "mrow")
    after = parent[position + 1] if position + 1 < len(parent) else None
    if after is not None and (after.tag in operands or after.text == "["):
        parent.insert(position + 1, ElementTree.Element("mspace", width="0.167em"))
    if position > 0 and parent[position - 1].tag in operands:
        parent.insert(position, ElementTree.Element("mspace", width="0.167em"))
