"""Rules, readers and tables that remember what they gave: what many certificates share, as those altered in a later step do, is checked once."""

from __future__ import annotations

import json
from functools import cache, partial

from lossproof.certificates.kernel.reading.parse import Rejected
from lossproof.certificates.kernel.reading.work import Work


def remembering(rules):
    """The rules, each applied once to equal steps: equal problem, points, witnesses, premises, evidence and conclusion."""
    memory = _Memory()
    return {name: memory.around(name, rule) for name, rule in rules.items()}


def reading_once(read):
    """A reader of part of a document that reads equal texts once, beside the same other arguments: it gives the same object, or is rejected as it was."""
    seen = {}

    def apply(value, *rest):
        key = json.dumps(value), *map(id, rest)
        if key not in seen:
            try:
                seen[key] = None, read(value, *rest), rest
            except Rejected as error:
                seen[key] = partial(Rejected, error.place, error.code, error.message), None, rest
        failed, result, _ = seen[key]
        if failed is not None:
            raise failed()
        return result

    return apply


def made_once(make):
    """What makes a table for a count of work, an activation and a range: equal ones are made once, and counted each time."""

    @cache
    def found(activation, farthest):
        work = Work()
        return make(work, activation, farthest), work.spent

    def apply(work, activation, farthest):
        table, spent = found(activation, farthest)
        work.spend(spent, "Taylor polynomials")
        return table

    return apply


class _Memory:
    def __init__(self):
        self._problem = self._points = self._head = None
        self._heads = {}
        self._seen = {}

    def around(self, name, rule):
        def apply(step):
            key = name, self._head_of(step), _text_of(step)
            if key not in self._seen:
                self._seen[key] = _outcome(rule, step)
            failed, result, introduced = self._seen[key]
            if failed is not None:
                raise failed()
            step.witnesses.update(introduced)
            return result

        return apply

    def _head_of(self, step):
        """A number for problem and points, the same for equal ones; all steps of one check hold the same objects."""
        problem = step.problem
        if self._problem is not problem or self._points is not step.points:
            names = tuple(a.name for a in problem.hidden), problem.output_activation.name, problem.error.name, problem.biases
            head = problem.widths, *names, problem.constants, problem.X, problem.Y, step.points
            self._head = self._heads.setdefault(head, len(self._heads))
            self._problem, self._points = problem, step.points
        return self._head


def _text_of(step):
    premises = [(premise.conclusion, premise.rigor.value) for premise in step.premises]
    boxes = [
        (name, None if box is None else (repr(box.point), str(box.radius), box.free and sorted(box.free)))
        for name, box in step.witnesses.items()
    ]
    return json.dumps([premises, boxes, step.evidence, step.conclusion])


def _outcome(rule, step):
    """What to raise, made anew each time as an exception that is kept holds all that was known where it was raised; the result; and new witnesses."""
    before = set(step.witnesses)
    try:
        result = rule(step)
    except Rejected as error:
        return partial(Rejected, error.place, error.code, error.message), None, {}
    except Exception as error:  # noqa: BLE001
        return partial(type(error), *error.args), None, {}
    return None, result, {name: box for name, box in step.witnesses.items() if name not in before}
