"""Zoo: small networks with several strict minima, and bad local minima at any width."""

from __future__ import annotations

from fractions import Fraction

from lossproof.theory.zoo.entry import Exact, ZooEntry, ZooPoint, column, log_of, one_hidden_layer

_ANY_WIDTH = (
    "Poston, Lee, Choie and Kwon (IJCNN 1991) claimed that with n_1 ≥ T hidden units, and Yu and Chen (IEEE Trans. Neural Networks 6, 1995) that with "
    "n_1 ≥ T − 1 sigmoid units, the squared error has no bad local minima. Sprinkhuizen-Kuyper and Boers (IEEE Trans. Neural Networks 10, 1999) refuted this "
    "for XOR with minima at infinity, Ding, Li and Sun (arXiv 1911.01413, 2019) for almost all activations with finite ones."
)
_CONSTANT = (
    "With all hidden weights 0 the output is constant, and the residuals (1, −2, 1) are orthogonal to 1 and to x, so all such weights with the same output are "
    "critical, with one loss. All v_j σ''(b_j) Σ_i r_i x_i² are positive, so that the Hessian is positive definite across this manifold: a finite local "
    "minimum, not strict. Li, Ding and Sun (arXiv 1812.11039): at n_1 ≥ T units no bad minimum is strict."
)
_ATTAINED = "An exact learner is given in closed form, so the global minimum is 0 and is attained."


def _strict(units: tuple[tuple[Exact, ...], ...], outgoing: tuple[Exact, ...], bias: Exact, about: str, *, bad: bool = True) -> ZooPoint:
    return ZooPoint(one_hidden_layer(units, outgoing, bias), "strict-minimum", about, bad)


def _refuted(width: int) -> str:
    """Return what a bad minimum of this width refutes."""
    if width == 1:
        return "Another point has a smaller loss."
    claims = "both claims" if width >= 3 else "the claim of Yu and Chen"
    reached = "n_1 ≥ T" if width >= 3 else "n_1 = T − 1"
    return f"{_ATTAINED} As {reached}, this refutes {claims} as stated (tanh units are sigmoid units rescaled: tanh z = 2σ(2z) − 1)."


def _tanh_width(width: int) -> ZooEntry:
    """The bad minimum of a tanh network of a width: hidden biases −log(3)/2, where tanh = −1/2, and outgoing weights 1."""
    bad = ((0, log_of(3, Fraction(-1, 2))),) * width
    minimum = ZooPoint(
        one_hidden_layer(bad, (1,) * width, Fraction(width, 2)), "local-minimum", "all hidden weights 0, output 0", suboptimal=True
    )
    if width == 1:
        other = ZooPoint(one_hidden_layer(((4, 2),), ("3/4",), "-1/4"), "not-critical", "a point with a smaller loss")
    else:
        log = log_of(3)
        learner = ((log, log_of(3, Fraction(1, 2))), (log, log_of(3, Fraction(-1, 2))), *((0, 0),) * (width - 2))
        layers = one_hidden_layer(learner, ("21/4", "-21/4", *(0,) * (width - 2)), "-13/4")
        other = ZooPoint(layers, "global", "an exact learner in closed form")
    return ZooEntry(
        name=f"constant-{width}",
        title=f"A finite bad minimum with {width} hidden tanh unit{'s' if width > 1 else ''} and three samples",
        literature=_ANY_WIDTH,
        shows=f"{_CONSTANT} {_refuted(width)}",
        widths=f"1-{width}-1",
        X=column(-1, 0, 1),
        Y=column(-1, 2, -1),
        points=(minimum, other),
    )


def _sigmoid_width(width: int) -> ZooEntry:
    """The same for sigmoid units: hidden biases −log(3), where σ = 1/4 and σ'' = 3/32."""
    bad = ((0, log_of(3, Fraction(-1))),) * width
    learner = ((log_of(3, Fraction(2)), log_of(3)), (log_of(3, Fraction(2)), log_of(3, Fraction(-1))), *((0, 0),) * (width - 2))
    outgoing: tuple[Exact, ...] = ("21/2", "-21/2", *(0,) * (width - 2))
    return ZooEntry(
        name=f"constant-{width}-sigmoid",
        title=f"A finite bad minimum with {width} hidden sigmoid units and three samples",
        literature=_ANY_WIDTH,
        shows=f"{_CONSTANT} {_refuted(width)}",
        widths=f"1-{width}-1",
        X=column(-1, 0, 1),
        Y=column(-1, 2, -1),
        points=(
            ZooPoint(
                one_hidden_layer(bad, (1,) * width, Fraction(-width, 4)), "local-minimum", "all hidden weights 0, output 0", suboptimal=True
            ),
            ZooPoint(one_hidden_layer(learner, outgoing, "-13/4"), "global", "an exact learner in closed form"),
        ),
        activation="sigmoid",
    )


_STEPS = (
    "That small over-determined networks have several strict minima is known from many experiments, and for sigmoid networks with hand-made data from "
    "Swirszcz, Czarnecki and Pascanu (arXiv 1611.06310, 2016)."
)

MINIMA = (
    ZooEntry(
        name="two-steps",
        title="A 1-1-1 tanh network with two strict minima",
        literature=_STEPS,
        shows="Five samples, four weights: one unit fits the whole staircase 0, 0, 3, 3, 5 with a gentle slope, or its first step with a steep one.",
        widths="1-1-1",
        X=column(-2, -1, 0, 1, 2),
        Y=column(0, 0, 3, 3, 5),
        points=(
            _strict(
                (("0.4069004692677917", "-0.1005229428582021"),), ("3.786893751999981",), "2.488906489948901", "a gentle slope", bad=False
            ),
            _strict((("1.647356039521492", "0.4536753468493179"),), ("2.12343571281632",), "1.958186882166335", "a steep step"),
        ),
    ),
    ZooEntry(
        name="four-steps",
        title="A 1-2-1 tanh network with three strict minima",
        literature=_STEPS,
        shows="Ten samples, seven weights: each of the two units fits one half of a longer staircase, with a gentle slope or a steep step.",
        widths="1-2-1",
        X=column(*range(-6, -1), *range(2, 7)),
        Y=column(0, 0, 3, 3, 5, 5, 5, 8, 8, 10),
        points=(
            _strict(
                (("-0.4456733279297558", "1.905841786149956"), ("1.847368162571979", "7.900000387514108")),
                ("-3.523137217664776", "2.064829227775862"),
                "5.461522792698540",
                "a steep step on the left, a gentle slope on the right",
                bad=False,
            ),
            _strict(
                (("-0.5941781010383179", "2.458998818086737"), ("0.8510468963842841", "3.564710669261868")),
                ("-2.905484875462181", "2.467935865332232"),
                "4.900443888336602",
                "two slopes between these",
            ),
            _strict(
                (("-1.904078183168694", "7.128901293391463"), ("0.6418623965189091", "2.608428997828245")),
                ("-2.059778586848176", "2.806540689331005"),
                "4.180665410449683",
                "a gentle slope on the left, a steep step on the right",
            ),
        ),
    ),
    *(_tanh_width(width) for width in (1, 2, 5, 10)),
    _sigmoid_width(3),
)
