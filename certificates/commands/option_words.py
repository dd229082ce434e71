"""Messages and notes that speak of arguments of Python, in the words of the command line."""

from __future__ import annotations

import re

_ARGUMENT = re.compile(r"\b(error|activation|output_activation|weight_decay)=(?:'([^']*)'|([\w./]*))")
_WEIGHTS = re.compile(r"\b(its|the) weights to check_architecture( instead)?")


def in_options(text: str) -> str:
    """Return a text with arguments of Python written as options.

    >>> in_options("give activation='tanh', or weight_decay=0; error= names another")
    'give --activation tanh, or --weight-decay 0; --error names another'
    >>> in_options("give its weights to check_architecture instead")
    'give its weights by WIDTHS and --weights'
    """

    def option(found: re.Match[str]) -> str:
        value = found[2] or found[3]
        return f"--{found[1].replace('_', '-')}{f' {value}' if value else ''}"

    return _ARGUMENT.sub(option, _WEIGHTS.sub(r"\1 weights by WIDTHS and --weights", text))
