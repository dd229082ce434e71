"""Zoo: networks with a hidden layer, or with weight decay, of which all critical points are known."""

from __future__ import annotations

from lossproof.theory.zoo.entry import ZooEntry, ZooPoint, column, one_hidden_layer, one_layer

_SEARCHED = (
    "Critical points of small networks with weight decay were searched from many starts, and drawn as disconnectivity graphs (Becker and Karplus, Journal of "
    "Chemical Physics 106, 1997), by Ballard, Das, Martiniani, Mehta, Sagun, Stevenson and Wales (Physical Chemistry Chemical Physics 19, 2017) and by Mehta, "
    "Zhao, Bernal and Wales (Physical Review E 97, 2018). Such a search cannot tell whether there are more."
)
_CONSTANT = "the unit is off, and the output is the shrunken mean of the targets"

COMPLETE = (
    ZooEntry(
        name="decay-three-minima",
        title="A 1-1-1 tanh network with weight decay: three minima, and no other",
        literature=_SEARCHED,
        shows=(
            "Four samples, four weights, λ = 1/100. Minima differ in which samples the steep part of tanh serves. With λ = 1/20 one of them is left; see "
            "decay-one-minimum."
        ),
        widths="1-1-1",
        X=column(-2, -1, 1, 2),
        Y=column(-1, 1, -1, "1/4"),
        points=(
            ZooPoint(
                one_hidden_layer((("1.3141386911112318", "2.479860276518286"),), ("0.74283448207299063",), "-0.67739875841486563"),
                "strict-minimum",
                "a step between the first two samples",
            ),
            ZooPoint(
                one_hidden_layer((("0.1403065653784584", "0.09371426781007651"),), ("0.28329636162994193",), "-0.21062834378488507"),
                "strict-minimum",
                "a gentle slope",
                suboptimal=True,
            ),
            ZooPoint(
                one_hidden_layer((("1.3153931704508139", "-0.0871798059751235"),), ("-0.14277433130340741",), "-0.18732025455691931"),
                "strict-minimum",
                "a step down in the middle",
                suboptimal=True,
            ),
            ZooPoint(one_hidden_layer(((0, 0),), (0,), "-75/404"), "saddle", _CONSTANT),
            ZooPoint(
                one_hidden_layer((("0.28638011928563412", "0.56825902562440733"),), ("0.25031941811950226",), "-0.2958327040197582"),
                "saddle",
                "between the step and the slope",
            ),
            ZooPoint(
                one_hidden_layer((("0.67636089391644305", "-0.0796114197943677"),), ("-0.0416321605427446",), "-0.18710142417503323"),
                "saddle",
                "between the step down and the constant",
            ),
        ),
        weight_decay="1/100",
        complete=True,
    ),
    ZooEntry(
        name="decay-one-minimum",
        title="The same network with more weight decay: one minimum, a global one",
        literature=_SEARCHED,
        shows="The samples of decay-three-minima with λ = 1/20: a minimum and its copy, and the saddle between them, are all critical points.",
        widths="1-1-1",
        X=column(-2, -1, 1, 2),
        Y=column(-1, 1, -1, "1/4"),
        points=(
            ZooPoint(
                one_hidden_layer((("0.1327589406639203", "-0.012071672290902032"),), ("0.16382188260893379",), "-0.17676786798709354"),
                "strict-minimum",
                "a gentle slope",
            ),
            ZooPoint(one_hidden_layer(((0, 0),), (0,), "-5/28"), "saddle", _CONSTANT),
        ),
        weight_decay="1/20",
        complete=True,
    ),
    ZooEntry(
        name="decay-two-units",
        title="A 1-2-1 tanh network with weight decay: one minimum, where both units do the same",
        literature=_SEARCHED,
        shows=(
            "Three samples on a line, seven weights, λ = 1/5. At the three critical points two units, one, or none are at work. All is odd here, so that all "
            "biases are 0."
        ),
        widths="1-2-1",
        X=column(-1, 0, 1),
        Y=column("1/2", 0, "-1/2"),
        points=(
            ZooPoint(
                one_hidden_layer(
                    (("0.30128820090291508", 0), ("0.30128820090291508", 0)), ("-0.31043280665236611", "-0.31043280665236611"), 0
                ),
                "strict-minimum",
                "two equal units",
            ),
            ZooPoint(one_hidden_layer((("0.40725569290537333", 0), (0, 0)), ("-0.42990034296606033", 0), 0), "saddle", "one unit at work"),
            ZooPoint(one_hidden_layer(((0, 0), (0, 0)), (0, 0), 0), "saddle", "both units off"),
        ),
        weight_decay="1/5",
        complete=True,
    ),
    ZooEntry(
        name="decay-two-weights",
        title="Two weights with decay: a saddle between a minimum and its copy",
        literature=(
            "How weight decay changes the critical points of linear networks: Taghvaei, Kim and Mehta (NIPS 2017). With two weights a minimum and its copy "
            "part from 0 when the decay falls below a bound, a pitchfork bifurcation. So it is here."
        ),
        shows="tanh(wx)v without biases, λ = 1/100. 0 and the minimum, with its copy for −w, −v, are all critical points.",
        widths="1-1-1",
        X=column(-2, -1, 1, 2),
        Y=column(-1, 1, -1, "1/2"),
        points=(
            ZooPoint(
                one_hidden_layer((("0.16210447140612982",),), ("0.51589363441182301",), None),
                "strict-minimum",
                "a minimum; the other is its copy",
            ),
            ZooPoint(one_hidden_layer(((0,),), (0,), None), "saddle", "the constant 0"),
        ),
        bias="none",
        weight_decay="1/100",
        complete=True,
    ),
    ZooEntry(
        name="decay-neuron",
        title="A sigmoid neuron with weight decay: two minima and a saddle in all of the plane",
        literature=(
            "Auer, Herbster and Warmuth (NIPS 8, 1996): the squared error of a sigmoid neuron can have many local minima. Weight decay removes those far out, "
            "but here not all."
        ),
        shows="The samples of neuron-with-bias with λ = 1/1000. With λ = 1/300 one minimum is left.",
        widths="1-1",
        X=column(-9, 0, 1),
        Y=column("7/10", "3/10", "3/5"),
        points=(
            ZooPoint(one_layer(("-0.097049348107683064",), "-0.11749615872776902"), "strict-minimum", "the best of these minima"),
            ZooPoint(one_layer(("1.0752580893002373",), "-0.7281403541720165"), "strict-minimum", "a bad strict minimum", suboptimal=True),
            ZooPoint(one_layer(("0.62139341069462983",), "-0.48228168902627655"), "saddle", "the saddle between them"),
        ),
        output_activation="sigmoid",
        weight_decay="1/1000",
        complete=True,
    ),
    ZooEntry(
        name="square-unit",
        title="One unit with a square and no decay: a bad minimum where it is off, with the wrong sign behind it",
        literature=(
            "Soltanolkotabi, Javanmard and Lee (IEEE Transactions on Information Theory 65, 2019) proved that with n_1 ≥ 2 n_0 units with squares, "
            "n_0 of them with positive and n_0 with negative output weights, every local minimum is global."
        ),
        shows=(
            "F(x) = v w² x² fits both samples with v > 0. With v < 0 none lowers the loss below that of w = 0: a local minimum, not strict, as v is free. "
            "The list is complete up to the scale of v against w: these, w = 0 with v > 0, and the points with v = 0, of which none is a bad minimum."
        ),
        widths="1-1-1",
        X=column(1, 2),
        Y=column(1, 4),
        points=(
            ZooPoint(one_hidden_layer(((1,),), (1,), None), "global", "it fits both samples"),
            ZooPoint(one_hidden_layer(((0,),), (-1,), None), "local-minimum", "the unit is off", suboptimal=True),
        ),
        activation="power:2",
        bias="none",
        complete=True,
    ),
)
