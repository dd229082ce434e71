"""Zoo: relu and leaky relu networks, whose critical points come in families and whose units may die."""

from __future__ import annotations

from lossproof.theory.zoo.entry import ZooEntry, ZooPoint, column, one_hidden_layer

_SCALING = (
    "Multiplying the incoming weights of a unit by α > 0 and dividing the outgoing ones by α changes nothing, so that no minimum is strict; it is one "
    "across these families."
)

RELU = (
    ZooEntry(
        name="dead-relu",
        title="Dead relu units: a bad local minimum",
        literature=(
            "Units that are inactive at all samples receive no gradient. Swirszcz, Czarnecki and Pascanu (arXiv 1611.06310, 2016) describe the bad local "
            "minima that this makes."
        ),
        shows=(
            "Both units are inactive at all samples, in a whole neighbourhood, so the output is a constant there, and the mean 4/3 of the targets is the best: "
            "a local minimum, not strict, with loss 7/9. The network can learn the samples exactly."
        ),
        widths="1-2-1",
        X=column(0, 1, 2),
        Y=column(0, 1, 3),
        points=(
            ZooPoint(
                one_hidden_layer(((-1, -1), (-1, -2)), (1, 1), "4/3"), "local-minimum", "all units dead, output the mean", suboptimal=True
            ),
            ZooPoint(one_hidden_layer(((1, 1), (1, "-3/4")), ("2/3", "4/3"), "-2/3"), "global", "an exact learner"),
        ),
        activation="relu",
    ),
    ZooEntry(
        name="relu-valleys",
        title="One relu unit, two valleys",
        literature=(
            "On each region of weights where the same units are active at the same samples, a network with one hidden layer of relu units fits a piecewise "
            "linear function by least squares; He, Wang and Su (ICLR 2020) show that such networks have infinitely many bad local minima in general."
        ),
        shows=f"A hinge that opens to the right, or to the left: two local minima with losses 1/16 and 1/4, at exact rational points. {_SCALING}",
        widths="1-1-1",
        X=column(-2, -1, 1, 2),
        Y=column(0, 1, 1, 3),
        points=(
            ZooPoint(one_hidden_layer(((1, "-3/4"),), (2,), "1/2"), "local-minimum", "a hinge at 3/4, active to the right"),
            ZooPoint(one_hidden_layer(((-1, 0),), (-1,), 2), "local-minimum", "a hinge at 0, active to the left", suboptimal=True),
        ),
        activation="relu",
    ),
    ZooEntry(
        name="leaky-valleys",
        title="One leaky relu unit without bias, two samples, two valleys",
        literature=(
            "Yun, Sra and Jadbabaie (ICLR 2019): small nonlinearities make bad local minima; leaky relu networks have them for almost all data that no linear "
            "function fits."
        ),
        shows=f"The sign of the hidden weight cannot change on a path that descends, as at w = 0 the output is 0: each sign has its own minimum. {_SCALING}",
        widths="1-1-1",
        X=column(-1, 1),
        Y=column(1, 2),
        points=(
            ZooPoint(one_hidden_layer(((1,),), ("190/101",), None), "local-minimum", "w > 0"),
            ZooPoint(one_hidden_layer(((-1,),), ("80/101",), None), "local-minimum", "w < 0", suboptimal=True),
        ),
        activation="leaky-relu:1/10",
        bias="none",
    ),
)
