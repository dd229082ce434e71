"""A plugin of pytest, ``-p cases.on_engine`` with ``tests`` on the path: whatever names no engine takes the one that ``LOSSPROOF_ENGINE`` names.

So the corpus of ranks is decided by a library of arrays, and every test of it must come out as it does with numpy.
"""

from __future__ import annotations

import os

from lossproof.numerics.algebra.workplace import IN_MEMORY, engine_named

object.__setattr__(IN_MEMORY, "engine", engine_named(os.environ["LOSSPROOF_ENGINE"]))
