"""The exceptions of the library."""


class LossproofError(Exception):
    """Base class of every exception the library raises on purpose.

    >>> issubclass(InputError, LossproofError)
    True
    """


class InputError(LossproofError, ValueError):
    """A user's input cannot be used.

    The message is one sentence: what was expected, what came, and what to do next.

    >>> from lossproof.theory.functions.activations import activation_named
    >>> activation_named("tahn")
    Traceback (most recent call last):
        ...
    lossproof.theory.exceptions.InputError: unknown activation 'tahn': did you mean 'tanh'?
    """


class NotInField(LossproofError):
    """A value does not exist in the number field asked for, such as ``tanh(1)`` among the rationals."""


class NotDifferentiable(LossproofError):
    """A derivative was asked for at a point where it does not exist, such as ``relu'(0)``."""
