"""Plain text as LaTeX: everything escaped, mathematical characters set as mathematics."""

from __future__ import annotations

import re
import unicodedata

from lossproof.certificates.text.prose import runs_of

_ESCAPES = {
    "\\": r"\textbackslash{}", "{": r"\{", "}": r"\}", "$": r"\$", "&": r"\&", "#": r"\#", "%": r"\%", "_": r"\_",
    "^": r"\textasciicircum{}", "~": r"\textasciitilde{}", "<": r"\textless{}", ">": r"\textgreater{}",
    "|": r"\textbar{}",
    '"': r"\textquotedbl{}", "–": "--", "—": "---", "“": "``", "”": "''", "‘": "`", "’": "'", "…": r"\ldots{}", "\u00a0": "~",
}  # fmt: skip
_GREEK = {
    "α": r"\alpha", "β": r"\beta", "γ": r"\gamma", "δ": r"\delta", "ε": r"\varepsilon", "ζ": r"\zeta", "η": r"\eta",
    "θ": r"\theta", "κ": r"\kappa",
    "λ": r"\lambda", "μ": r"\mu", "π": r"\pi", "ρ": r"\rho", "σ": r"\sigma", "τ": r"\tau", "φ": r"\varphi",
    "ϕ": r"\phi", "ψ": r"\psi", "ω": r"\omega",
    "Γ": r"\Gamma", "Δ": r"\Delta", "Θ": r"\Theta", "Λ": r"\Lambda", "Π": r"\Pi", "Σ": r"\Sigma", "Φ": r"\Phi",
    "Ψ": r"\Psi", "Ω": r"\Omega",
}  # fmt: skip
_SYMBOLS = {
    "≤": r"\leq", "≥": r"\geq", "≠": r"\neq", "≈": r"\approx", "≻": r"\succ", "⪰": r"\succeq", "≺": r"\prec",
    "⪯": r"\preceq", "→": r"\to", "↦": r"\mapsto", "⇒": r"\Rightarrow",
    "∇": r"\nabla", "∂": r"\partial", "∈": r"\in", "∉": r"\notin", "∀": r"\forall", "∃": r"\exists", "∞": r"\infty",
    "√": r"\surd", "·": r"\cdot", "×": r"\times",
    "⊙": r"\odot", "⊗": r"\otimes", "±": r"\pm", "∓": r"\mp", "−": "-", "∑": r"\sum", "⊥": r"\perp", "⟂": r"\perp",
    "′": "'", "‖": r"\|", "⋯": r"\cdots", "⋮": r"\vdots",
    "ᵀ": r"^{\top}", "⁺": "^{+}", "⁻": "^{-}", "²": "^{2}", "³": "^{3}", "¹": "^{1}", "½": r"\tfrac{1}{2}",
    "⁰": "^{0}", "⊆": r"\subseteq", "∪": r"\cup", "∩": r"\cap",
    **{digit: f"^{{{value}}}" for value, digit in enumerate("⁴⁵⁶⁷⁸⁹", start=4)},
    **{digit: f"_{{{value}}}" for value, digit in enumerate("₀₁₂₃₄₅₆₇₈₉")},
}  # fmt: skip
_MATH = {**_GREEK, **_SYMBOLS}
_TILDE = "\u0303"
"""The tilde over the letter before it."""


def latex_text(text: str) -> str:
    r"""Return text in which LaTeX sees nothing special, in any engine.

    Letters that the common fonts lack are written as their code point.

    >>> print(latex_text("50% of N_net ≥ 3"))
    50\% of N\_net \ensuremath{\geq} 3
    >>> print(latex_text("数"))
    [U+6570]
    """
    return "".join(map(_character, _one_line(text)))


def _one_line(text: str) -> str:
    return re.sub(r"\s+", " ", text)


def _character(character: str) -> str:
    if character in _ESCAPES:
        return _ESCAPES[character]
    if character in _MATH:
        return rf"\ensuremath{{{_MATH[character]}}}"
    if character.isascii() or (ord(character) < 0x180 and unicodedata.category(character).startswith("L")):
        return character
    return f"[U+{ord(character):04X}]"


def latex_prose(sentence: str) -> str:
    r"""Return a sentence as LaTeX, with indices and exponents set as mathematics.

    >>> print(latex_prose("rank Φ_{L-1} of N_net"))
    rank $\Phi_{L-1}$ of $N_{net}$
    """
    runs = runs_of(_one_line(sentence))
    return "".join(_symbol(run.base, run.sub, run.sup) if run.is_symbol else latex_text(run.base) for run in runs)


def _symbol(base: str, sub: str, sup: str) -> str:
    scripts = "".join(f"{mark}{{{_math(script)}}}" for mark, script in (("_", sub), ("^", sup)) if script)
    return f"${_math(base)}{scripts}$"


def _math(text: str) -> str:
    plain = "".join(
        _MATH.get(
            character, character if (character.isascii() and character not in _ESCAPES) or character == _TILDE else latex_text(character)
        )
        for character in text
    )
    return re.sub(f"(.){_TILDE}", r"\\tilde{\1}", plain)
