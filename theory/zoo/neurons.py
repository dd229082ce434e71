"""Zoo: single neurons with several bad local minima, and ones without any critical point."""

from __future__ import annotations

from lossproof.theory.zoo.entry import Exact, Rows, ZooEntry, ZooPoint, column, one_layer

_AUER = (
    "Auer, Herbster and Warmuth (NIPS 8, 1996) proved that the squared error of a single sigmoid neuron with n samples and d inputs can have ⌊n/d⌋^d strict "
    "local minima at different losses, since the error of each sample saturates."
)
_SCALES = (
    "The inputs have alternating signs and very different sizes, so that near each size of w one sample decides where the minimum lies, while the larger "
    "ones are saturated and the smaller ones hardly respond."
)
_FIRST = ("0.009437207244802785", "1.386014252147607", "-0.08739424221116496")
_SECOND = ("0.005782792460542713", "1.094872511724008", "-0.09105985994195295")


def _minima(*weights: Exact) -> tuple[ZooPoint, ...]:
    """Return strict minima of a neuron with one input and no bias, the best first."""
    return tuple(_minimum((w,), None, bad=k > 0) for k, w in enumerate(weights))


def _minimum(weights: tuple[Exact, ...], bias: Exact | None, *, bad: bool) -> ZooPoint:
    return ZooPoint(one_layer(weights, bias), "strict-minimum", "a bad strict minimum" if bad else "the best of these minima", bad)


def _products(first: tuple[Exact, ...], second: tuple[Exact, ...]) -> tuple[ZooPoint, ...]:
    """Return the minima of a sum of two losses, one in each weight; the best of both come first."""
    pairs = [(u, v) for u in first for v in second]
    return tuple(_minimum(pair, None, bad=k > 0) for k, pair in enumerate(pairs))


def _axes(first: tuple[int, ...], second: tuple[int, ...]) -> Rows:
    """Return inputs on the two coordinate axes."""
    return (*((x, 0) for x in first), *((0, x) for x in second))


NEURONS = (
    ZooEntry(
        name="auer-2",
        title="One sigmoid neuron, two samples, two strict minima",
        literature=_AUER,
        shows=f"{_SCALES} The worse minimum has more than five times the loss of the better one.",
        widths="1-1",
        X=column(10, -1),
        Y=column("3/4", "4/5"),
        points=_minima("0.08995471587733785", "-1.386014252147607"),
        output_activation="sigmoid",
        bias="none",
        complete=True,
    ),
    ZooEntry(
        name="auer-3",
        title="One sigmoid neuron, three samples, three strict minima",
        literature=_AUER,
        shows=_SCALES,
        widths="1-1",
        X=column(100, -10, 1),
        Y=column("3/4", "3/4", "4/5"),
        points=_minima(*_FIRST),
        output_activation="sigmoid",
        bias="none",
        complete=True,
    ),
    ZooEntry(
        name="auer-4",
        title="One sigmoid neuron, four samples, four strict minima",
        literature=_AUER,
        shows=_SCALES,
        widths="1-1",
        X=column(1000, -100, 10, -1),
        Y=column("3/4", "3/4", "4/5", "4/5"),
        points=_minima("0.000942014202562286", "0.1126774589841634", "-0.008945239377678977", "-1.385995527275988"),
        output_activation="sigmoid",
        bias="none",
        complete=True,
    ),
    ZooEntry(
        name="auer-product-4",
        title="One sigmoid neuron with two inputs: (T/2)² = 4 strict minima",
        literature=_AUER,
        shows=(
            "The samples lie on the coordinate axes, so the loss is a sum of a function of each weight, and its minima are the pairs of theirs: two for "
            "each axis give four, all at different losses."
        ),
        widths="2-1",
        X=_axes((10, -1), (10, -1)),
        Y=column("3/4", "4/5", "4/5", "3/4"),
        points=_products(("0.0899547158773378", "-1.386014252147607"), ("0.1162022356914824", "-1.094613621813155")),
        output_activation="sigmoid",
        bias="none",
        complete=True,
    ),
    ZooEntry(
        name="auer-product-9",
        title="One sigmoid neuron with two inputs: (T/2)² = 9 strict minima",
        literature=_AUER,
        shows="As for auer-product-4, with three samples on each axis: nine minima, all at different losses.",
        widths="2-1",
        X=_axes((100, -10, 1), (100, -10, 1)),
        Y=column("3/4", "3/4", "4/5", "2/3", "3/4", "3/4"),
        points=_products(_FIRST, _SECOND),
        output_activation="sigmoid",
        bias="none",
        complete=True,
    ),
    ZooEntry(
        name="neuron-with-bias",
        title="One sigmoid neuron with a trainable bias and two strict minima",
        literature=_AUER,
        shows="Three samples suffice with one input and a bias.",
        widths="1-1",
        X=column(-9, 0, 1),
        Y=column("7/10", "3/10", "3/5"),
        points=(
            _minimum(("-0.0973926340440118",), "-0.120335671760884", bad=False),
            _minimum(("1.251284887928142",), "-0.8464228938537082", bad=True),
        ),
        output_activation="sigmoid",
        complete=True,
    ),
    ZooEntry(
        name="separable-minima",
        title="Two classes that a threshold separates, and a bad strict minimum",
        literature=(
            "Sontag and Sussmann (Complex Systems 3, 1989) gave 125 binary samples for which a single sigmoid neuron with four weights and a threshold "
            "has a bad local minimum, and left open whether much smaller binary examples exist."
        ),
        shows=(
            "With inputs that are not binary four samples suffice, even with classes that a threshold separates: targets 1/5 left of −2 and 4/5 right of it. "
            "Targets inside the range of the sigmoid are what makes it possible; see separable-neuron."
        ),
        widths="1-1",
        X=column(-3, -1, 5, 7),
        Y=column("1/5", "4/5", "4/5", "4/5"),
        points=(
            _minimum(("1.384470984138617",), "2.768686218618293", bad=False),
            _minimum(("0.2503153934378553",), "0.3959690418077145", bad=True),
        ),
        output_activation="sigmoid",
        complete=True,
    ),
    ZooEntry(
        name="separable-neuron",
        title="A separable sigmoid neuron: a gradient below 1e-18, and no critical point",
        literature=(
            "Sontag and Sussmann (Neural Networks 4, 1991) showed that gradient descent separates classes that can be separated, if an output beyond "
            "its target counts as no error. With the targets 0 and 1 of a sigmoid the weights grow without end."
        ),
        shows=(
            "The loss falls along w at all weights, so it has no critical point at all, and its infimum 0 is not attained. At w = 21 the gradient is "
            "below 1e-18, and it is proved not to be 0: saturation is no minimum, whatever doubles say."
        ),
        widths="1-1",
        X=column(-2, -1, 1, 2),
        Y=column(0, 0, 1, 1),
        points=(ZooPoint(one_layer((21,), 0), "not-critical", "a saturated neuron: all outputs within 1e-9 of their targets"),),
        output_activation="sigmoid",
        theorem="no-critical-point",
    ),
    ZooEntry(
        name="separable-logistic",
        title="Logistic regression on separable classes: no critical point",
        literature=(
            "Albert and Anderson (Biometrika 71, 1984): the maximum likelihood estimate of logistic regression exists unless a plane separates the classes; "
            "then the weights diverge (for gradient descent Soudry et al., JMLR 19, 2018)."
        ),
        shows="The loss is convex and has no minimum. At w = 42 its gradient is below 1e-18, and not 0.",
        widths="1-1",
        X=column(-2, -1, 1, 2),
        Y=column(0, 0, 1, 1),
        points=(ZooPoint(one_layer((42,), 0), "not-critical", "a saturated neuron"),),
        error="logistic",
        theorem="no-critical-point",
    ),
    ZooEntry(
        name="cauchy-location",
        title="A robust error: two minima of a location",
        literature=(
            "The likelihood equation of a Cauchy location has several roots (Reeds, Annals of Statistics 13, 1985), and redescending M-estimators have "
            "several local minima (Huber, Robust Statistics, 1981)."
        ),
        shows=(
            "No hidden layer and no squashing is needed: an error that is not convex makes bad minima by itself. The single weight is the location of the "
            "targets −5, 4, 5; it has a minimum near each cluster, and a maximum between them."
        ),
        widths="1-1",
        X=column(1, 1, 1),
        Y=column(-5, 4, 5),
        points=(
            *_minima("4.390790342790116", "-4.775497669270836"),
            ZooPoint(one_layer(("-2.017301941149691",), None), "maximum", "the maximum between them"),
        ),
        error="cauchy",
        bias="none",
    ),
    ZooEntry(
        name="phase-retrieval",
        title="Two real weights from three squares: a bad minimum",
        literature=(
            "Sun, Qu and Wright (Foundations of Computational Mathematics 18, 2018) proved that with enough random measurements the squared error of phase "
            "retrieval has no bad local minima, and that its saddles have directions of descent."
        ),
        shows=(
            "Three measurements do not suffice. The weights (0, 2) fit them all; another minimum lies at √(8/3)·(1, 1). Elimination proves that with two "
            "saddles and the maximum at 0 these are all critical points, up to a change of both signs."
        ),
        widths="2-1",
        X=((0, 1), (1, 0), (2, -1)),
        Y=column(4, 0, 4),
        points=(
            ZooPoint(one_layer((0, 2), None), "global", "it fits all three squares"),
            _minimum(("1.632993161855452", "1.632993161855452"), None, bad=True),
        ),
        output_activation="power:2",
        bias="none",
        complete=True,
    ),
)
