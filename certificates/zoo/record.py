"""What was proved about an entry of the zoo, as data."""

from __future__ import annotations

from dataclasses import dataclass

from lossproof.certificates.proof.certificate import Certificate
from lossproof.certificates.proof.nodes import Claim
from lossproof.certificates.reports.record import ReportRecord
from lossproof.theory.zoo.entry import ZooEntry


@dataclass(frozen=True)
class ZooRecord:
    """What was proved about an entry of the zoo.

    - ``points``: for each point of the entry, in its order, the claim ``critical-point`` and the claim ``suboptimal`` or None;
    - ``theorem``: the claim about the whole landscape, or None;
    - ``differences``: how the proofs differ from what the entry says, a sentence each; empty when all of it is proved;
    - ``report``: all claims, and the certificate.
    """

    entry: ZooEntry
    report: ReportRecord
    points: tuple[tuple[Claim, Claim | None], ...]
    theorem: Claim | None
    differences: tuple[str, ...]

    @property
    def conclusion(self) -> Claim:
        """The claim ``no-bad-local-minima``: REFUTED as soon as one of the points is a bad local minimum."""
        return self.report.conclusion

    @property
    def complete(self) -> Claim | None:
        """The claim ``complete-list``, or None where the entry does not say that all critical points are known."""
        return next((claim for claim in self.report if claim.id == "complete-list"), None)

    @property
    def certificate(self) -> Certificate:
        """The certificate of all points."""
        return self.report.certificate
