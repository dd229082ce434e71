"""All certificates made by hand, one or more for every rule of the kernel, by name; the builder stands in `kernel_draft`."""

from __future__ import annotations

import json
from functools import cache

from cases.kernel_cases_cells import CELL_CASES
from cases.kernel_cases_complete import COMPLETE_CASES
from cases.kernel_cases_critical import CRITICAL_CASES
from cases.kernel_cases_curvature import CURVATURE_CASES
from cases.kernel_cases_decay import DECAY_CASES
from cases.kernel_cases_families import FAMILY_CASES
from cases.kernel_cases_fits import FIT_CASES
from cases.kernel_cases_frozen import FROZEN_CASES
from cases.kernel_cases_kantorovich import KANTOROVICH_CASES
from cases.kernel_cases_kinks import KINK_CASES
from cases.kernel_cases_learners import LEARNER_CASES
from cases.kernel_cases_near_kinks import NEAR_KINK_CASES
from cases.kernel_cases_ranks import RANK_CASES
from cases.kernel_cases_regions import REGION_CASES
from cases.kernel_cases_rotations import ROTATION_CASES
from cases.kernel_cases_theorems import THEOREM_CASES


def kept(case):
    """A case that is made once, and read anew each time: nobody's changes reach another test."""
    text = cache(lambda: json.dumps(case()))
    return lambda: json.loads(text())


MADE = (
    RANK_CASES
    | LEARNER_CASES
    | CRITICAL_CASES
    | CURVATURE_CASES
    | DECAY_CASES
    | FROZEN_CASES
    | ROTATION_CASES
    | NEAR_KINK_CASES
    | CELL_CASES
    | FIT_CASES
    | KINK_CASES
    | FAMILY_CASES
    | KANTOROVICH_CASES
    | THEOREM_CASES
    | REGION_CASES
    | COMPLETE_CASES
)
CASES = {name: kept(case) for name, case in MADE.items()}
