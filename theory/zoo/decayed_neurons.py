"""Zoo: neurons with weight decay whose activation is neither tanh nor the logistic function, and of which all critical points are known."""

from __future__ import annotations

from lossproof.theory.zoo.entry import Layers, Rows, ZooEntry, ZooPoint, column, one_layer

_LITERATURE = (
    "Auer, Herbster and Warmuth (NIPS 8, 1996) showed that a neuron can have bad local minima where its loss and activation do not match. Complete lists of "
    "critical points of such neurons were not found in print."
)


def _entry(
    activation: str,
    title: str,
    shows: str,
    samples: tuple[Rows, Rows],
    rate: str,
    minima: tuple[tuple[str, ...], ...],
    others: dict[tuple[str, ...], str],
) -> ZooEntry:
    """Return the entry of a neuron with one input; the first of its minima has the least loss, and one weight means no bias."""
    points = [
        ZooPoint(_layers(W), "strict-minimum", "a bad strict minimum" if k else "the best of these minima", suboptimal=k > 0)
        for k, W in enumerate(minima)
    ]
    points += [ZooPoint(_layers(W), kind, "between two of the minima") for W, kind in others.items()]
    return ZooEntry(
        name=f"decay-{activation}-neuron",
        title=title,
        literature=_LITERATURE,
        shows=shows,
        widths="1-1",
        X=samples[0],
        Y=samples[1],
        points=tuple(points),
        output_activation=activation,
        bias="none" if len(minima[0]) == 1 else "trainable",
        weight_decay=rate,
        complete=True,
    )


def _layers(W: tuple[str, ...]) -> Layers:
    return one_layer(W[:1], W[1] if len(W) > 1 else None)


DECAYED_NEURONS = (
    _entry(
        "softplus",
        "A softplus neuron with weight decay: two minima and a saddle in all of the plane",
        "A softplus neuron is not convex under the squared error where targets are below its range. Three samples, λ = 1/200.",
        (column(-3, -2, 2), column(1, "-5/4", "3/4")),
        "1/200",
        (("0.9865094104083533", "-1.8341316882171688"), ("-1.5432248725234137", "-4.705899114682637")),
        {("-0.45285782891767207", "-2.546367022917141"): "saddle"},
    ),
    _entry(
        "gelu",
        "A gelu neuron with weight decay: three minima and two saddles",
        "gelu falls before it rises: the best minimum has a negative weight and uses that. Three samples, λ = 1/200.",
        (column(-4, -1, 4), column("3/2", "-1/2", -2)),
        "1/200",
        (
            ("-0.31123451736940966", "0.058903817773527226"),
            ("-0.716704732845996", "-1.2864644533571286"),
            ("0.24544055991417119", "-1.699570790728933"),
        ),
        {("-0.47851593992448027", "-0.45399356135037466"): "saddle", ("0.0019307036300803642", "-0.7522595411152518"): "saddle"},
    ),
    _entry(
        "silu",
        "A silu neuron with weight decay: three minima and two saddles",
        "The three minima differ in the samples that lie where silu is steep. Three samples, λ = 1/200.",
        (column(2, 3, 6), column("-1/2", "5/4", "-7/4")),
        "1/200",
        (
            ("-0.30036006977015806", "0.9242534342882601"),
            ("0.3068246592051863", "-3.3469677844914485"),
            ("-1.7499064552247037", "0.008385710258029415"),
        ),
        {("0.044044557824310666", "-1.6375511488340133"): "saddle", ("-0.615650980537714", "-1.728098490449798"): "saddle"},
    ),
    _entry(
        "arctan",
        "An arctan neuron with weight decay: two minima and a saddle",
        "A steep step between the first two samples fits best; a nearly constant output is a bad minimum. Three samples, λ = 1/500.",
        (column(-1, 0, 5), column("1/2", 2, 1)),
        "1/500",
        (("3.0511738488309375", "3.643132697468349"), ("-0.0554395050875852", "2.2568136148949174")),
        {("0.1740750566251684", "2.08235127170142"): "saddle"},
    ),
    _entry(
        "sin",
        "A sine of one weight with decay: four minima and three maxima on the line",
        "Without decay every w with sin w = 1/2 is a minimum, and there are infinitely many. λ = 1/10 leaves four, of which three are bad.",
        (column(1), column("1/2")),
        "1/10",
        (("0.46456718034489314",), ("-3.307061036785571",), ("6.162133941403151",), ("-8.79974596837591",)),
        {("-1.6837666306942363",): "maximum", ("5.0736487504938",): "maximum", ("-8.694424407947745",): "maximum"},
    ),
)
