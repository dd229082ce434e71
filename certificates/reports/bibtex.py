"""What a report rests on in the literature, as BibTeX, and as a list for its LaTeX."""

from __future__ import annotations

from dataclasses import dataclass

from lossproof.certificates.proof.nodes import Claim
from lossproof.certificates.reports.outline import ProofOutline, outline_of
from lossproof.certificates.reports.provenance import Provenance
from lossproof.certificates.reports.record import ReportRecord
from lossproof.theory.verdicts import Rigor, Verdict


@dataclass(frozen=True)
class Reference:
    """A work: key and kind of its entry, authors with `` and `` between them, title, year, and further fields of BibTeX."""

    key: str
    kind: str
    authors: str
    title: str
    year: str
    fields: tuple[tuple[str, str], ...] = ()

    def bibtex(self) -> str:
        """Return the entry.

        >>> print(Reference("shen2018", "misc", "Hao Shen", "A Title", "2018", (("eprint", "1611.05827"),)).bibtex())
        @misc{shen2018,
          author = {Hao Shen},
          title = {{A Title}},
          year = {2018},
          eprint = {1611.05827},
        }
        """
        fields = [("author", self.authors), ("title", f"{{{self.title}}}"), ("year", self.year), *self.fields]
        return "\n".join([f"@{self.kind}{{{self.key},", *(f"  {name} = {{{value}}}," for name, value in fields), "}"])

    def text(self) -> str:
        """Return it as a sentence.

        >>> Reference("shen2018", "misc", "Hao Shen", "A Title", "2018", (("eprint", "1611.05827"),)).text()
        'Hao Shen. A Title. 2018, arXiv 1611.05827.'
        """
        named = dict(self.fields)
        place = [named.get("booktitle") or named.get("journal") or "", named.get("volume", ""), self.year]
        told = ", ".join(part for part in (" ".join(filter(None, place[:2])), place[2]) if part)
        more = f", arXiv {named['eprint']}" if "eprint" in named else f". {named['note']}" if "note" in named else ""
        return f"{self.authors.strip('{}').replace(' and ', ', ')}. {self.title}. {told}{more}."


def _archived(number: str, **fields: str) -> tuple[tuple[str, str], ...]:
    return (*fields.items(), ("eprint", number), ("archiveprefix", "arXiv"))


SOFTWARE_KEY = "lossproof"
PAPER = Reference(
    "shen2018", "inproceedings", "Hao Shen",
    "Towards a Mathematical Understanding of the Difficulty in Learning with Feedforward Neural Networks", "2018",
    _archived("1611.05827", booktitle="IEEE Conference on Computer Vision and Pattern Recognition"),
)  # fmt: skip
_WORKS = {
    "kawaguchi-2016": Reference(
        "kawaguchi2016", "inproceedings", "Kenji Kawaguchi", "Deep Learning without Poor Local Minima", "2016",
        _archived("1605.07110", booktitle="Advances in Neural Information Processing Systems", volume="29"),
    ),
    "lu-kawaguchi-2017": Reference(
        "lukawaguchi2017", "misc", "Haihao Lu and Kenji Kawaguchi", "Depth Creates No Bad Local Minima", "2017", _archived("1702.08580")
    ),
    "laurent-von-brecht-2018": Reference(
        "laurentvonbrecht2018", "inproceedings", "Thomas Laurent and James von Brecht",
        "Deep Linear Networks with Arbitrary Loss: All Local Minima Are Global", "2018",
        (("booktitle", "International Conference on Machine Learning"),),
    ),
    "nguyen-hein-2017": Reference(
        "nguyenhein2017", "inproceedings", "Quynh Nguyen and Matthias Hein", "The Loss Surface of Deep and Wide Neural Networks", "2017",
        (("booktitle", "International Conference on Machine Learning"),),
    ),
    "gori-tesi-1992": Reference(
        "goritesi1992", "article", "Marco Gori and Alberto Tesi", "On the Problem of Local Minima in Backpropagation", "1992",
        (("journal", "IEEE Transactions on Pattern Analysis and Machine Intelligence"), ("volume", "14")),
    ),
    "li-ding-sun": Reference(
        "lidingsun2018", "misc", "Dawei Li and Tian Ding and Ruoyu Sun",
        "On the Benefit of Width for Neural Networks: Disappearance of Basins", "2018", _archived("1812.11039"),
    ),
    "ding-li-sun-2019": Reference(
        "dinglisun2019", "misc", "Tian Ding and Dawei Li and Ruoyu Sun",
        "Sub-Optimal Local Minima Exist for Neural Networks with Almost All Non-Linear Activations", "2019", _archived("1911.01413"),
    ),
    "venturi-bandeira-bruna": Reference(
        "venturibandeirabruna2019", "article", "Luca Venturi and Afonso S. Bandeira and Joan Bruna",
        "Spurious Valleys in One-hidden-layer Neural Network Optimization Landscapes", "2019",
        (("journal", "Journal of Machine Learning Research"), ("volume", "20")),
    ),
    "ggn": Reference(
        "benisrael1966", "article", "Adi Ben-Israel", "A Newton-Raphson Method for the Solution of Systems of Equations", "1966",
        (("journal", "Journal of Mathematical Analysis and Applications"), ("volume", "15")),
    ),
}  # fmt: skip
"""The works by the statement for which they are cited; a theorem that no rule applies is not among them."""


def work_cited_by(claim: Claim) -> Reference | None:
    """Return the work of the published theorem that decides a claim, or None where none does."""
    cites = claim.verdict is not Verdict.UNDECIDED and claim.rigor is Rigor.CITED
    return _WORKS.get(claim.id) if cites else None


def references_of(outline: ProofOutline) -> tuple[Reference, ...]:
    """Return the software, the paper, and the works of all decided claims that rest on a published theorem."""
    made = outline.report.provenance or Provenance.now()
    software = Reference(
        SOFTWARE_KEY, "misc", "{The authors of lossproof}", "lossproof", made.day[:4], (("note", f"Version {made.version}"),)
    )
    works = (work_cited_by(entry.claim) for entry in outline.claims)
    return (software, PAPER, *dict.fromkeys(work for work in works if work is not None))


def render_bibtex(report: ReportRecord, certificate_name: str = "report.json") -> str:
    """Return the works that a report cites as BibTeX; the certificate is named in a comment."""
    entries = [reference.bibtex() for reference in references_of(outline_of(report))]
    return "\n\n".join([f"% cited by the report with the certificate {certificate_name!a}", *entries]) + "\n"
