"""Pictures of an evaluation, as SVG and PNG: accuracy against N, difficulty quintiles, reliability.

They read the report's JSON (evaluate.report), so that they can be drawn again without the samples. No pyplot: nothing
global, and no display is looked for.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator, PercentFormatter

Row = dict[str, Any]

# Colours of Okabe and Ito 2008, which people with any colour vision tell apart. The ceiling is faint: nothing reaches it.
LOOKS = {
    "prm": ("PRM, best of N", "#0072B2"),
    "prm_vote": ("PRM-weighted vote", "#AA4499"),
    "orm": ("ORM, best of N", "#D55E00"),
    "majority": ("majority vote", "#00805E"),
    "pass": ("any of N right", "#999999"),
    # Ways to choose what is labeled.
    "convincing_wrong": ("80/20", "#0072B2"),
    "uncertain": ("least certain", "#D55E00"),
    "disagreement": ("disagreement", "#AA4499"),
    "random": ("random", "#666666"),
    # What models learn from.
    "process": ("process, by a large model", "#0072B2"),
    "active": ("the same, of chosen solutions", "#AA4499"),
    "outcome_by_model": ("outcome, by a large model", "#D55E00"),
    "outcome_by_answer": ("outcome, by the answer", "#666666"),
}
METRICS = {"best_of_n": "problems solved by best of N", "step_auc": "step AUC", "first_error_f1": "first-error F1"}
# Lightman et al. 2023 on their own samples of 500 MATH problems: a public run of PRM800K's evaluation, 222 trials.
PUBLISHED_PRM = (
    (10, 0.678), (25, 0.715), (50, 0.734), (75, 0.743), (100, 0.750), (200, 0.760), (300, 0.766), (400, 0.769),
    (500, 0.772), (750, 0.775), (1000, 0.776), (1250, 0.779), (1500, 0.780), (1860, 0.782),
)  # fmt: skip
PUBLISHED_LABEL = "Lightman et al. 2023,\nbest of N on their data:\nfor the shape, not the height"
GREY = "#666666"
STYLE: dict[Any, Any] = {
    "font.size": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": GREY,
    "xtick.color": GREY,
    "ytick.color": GREY,
    "axes.titlesize": 9,
    "axes.titlelocation": "left",
    "svg.hashsalt": "stepmark",  # the same report gives the same file
}


def draw(report: Row, folder: Path) -> list[Path]:
    """All pictures that the report has figures for; each file appears under its name only when it is complete."""
    folder.mkdir(parents=True, exist_ok=True)
    written = _save(best_of_n(report["best_of_n"]), folder / "best_of_n")
    if len(report["quintiles"]) > 1:
        written += _save(quintiles(report["quintiles"]), folder / "quintiles")
    if report["calibration"]:
        written += draw_calibration(report["calibration"], "that the solution is right", folder)
    return written


def draw_calibration(calibration: Row, event: str, folder: Path) -> list[Path]:
    return _save(reliability(calibration, event), folder / "calibration")


def draw_efficiency(points: Sequence[Row], folder: Path) -> list[Path]:
    return _save(efficiency(points), folder / "efficiency")


def draw_curves(curves: dict[str, list[Row]], stem: Path, *, x_label: str, title: str) -> list[Path]:
    """One panel of shares against numbers; rows `{"n", "value", "low", "high"}`."""
    with _style():
        figure = Figure(figsize=(7.2, 4.0), layout="constrained")
        axes = figure.subplots()
        _n_axis(axes, [round(row["n"]) for rows in curves.values() for row in rows])
        for name, rows in curves.items():
            _curve(axes, name, rows)
        _value_axis(axes, curves.values(), [])
        axes.set_xlabel(x_label)
        _title(figure, title)
        _labels(axes, {LOOKS[name]: (rows[-1]["n"], rows[-1]["value"]) for name, rows in curves.items()})
    return _save(figure, stem)


def best_of_n(curves: dict[str, list[Row]]) -> Figure:
    """Accuracy against N with 95 % bands, beside the published curve of the PRM."""
    with _style():
        figure = Figure(figsize=(7.2, 4.4), layout="constrained")
        axes = figure.subplots()
        ns = [row["n"] for row in next(iter(curves.values()))]
        _n_axis(axes, [*ns, PUBLISHED_PRM[-1][0]])
        axes.plot(*zip(*PUBLISHED_PRM, strict=True), color="#0072B2", linewidth=1.2, linestyle=(0, (4, 3)), alpha=0.75)
        for method, rows in curves.items():
            _curve(axes, method, rows)
        _value_axis(axes, curves.values(), [value for _, value in PUBLISHED_PRM])
        _title(figure, "Problems solved when one of N samples is chosen; bands: 95 % over problems")
        ends = {LOOKS[method]: (rows[-1]["n"], rows[-1]["value"]) for method, rows in curves.items()}
        _labels(axes, {**ends, (PUBLISHED_LABEL, "#4A90BF"): PUBLISHED_PRM[-1]})
    return figure


def quintiles(groups: Sequence[Row]) -> Figure:
    """The same for each group of problems, the hardest first (Lightman et al. 2023, App. G)."""
    with _style():
        figure = Figure(figsize=(10, 3.4), layout="constrained")
        panels = list(figure.subplots(1, len(groups), sharey=True))
        for axes, group in zip(panels, groups, strict=True):
            low, high = group["pass_rate"]
            axes.set_title(f"{100 * low:.0f} to {high:.0%}", color=GREY)
            _n_axis(axes, [row["n"] for row in next(iter(group["best_of_n"].values()))], most=5)
            for method, rows in group["best_of_n"].items():
                _curve(axes, method, rows)
        for axes in panels:
            _value_axis(axes, [rows for group in groups for rows in group["best_of_n"].values()], [])
        last = groups[-1]["best_of_n"]
        _labels(
            panels[-1], {LOOKS[method]: (rows[-1]["n"], rows[-1]["value"]) for method, rows in last.items()}, gap=0.2
        )
        _title(figure, "From the hardest problems to the easiest: fifths by the share of samples that are right")
    return figure


def efficiency(points: Sequence[Row]) -> Figure:
    """What models are worth against the solutions they were trained on, for each way to choose these."""
    measured = [metric for metric in METRICS if any(point[metric] for point in points)]
    with _style():
        figure = Figure(figsize=(1.2 + 2.8 * len(measured), 3.4), layout="constrained")
        panels = figure.subplots(1, len(measured), squeeze=False)[0]
        for axes, metric in zip(panels, measured, strict=True):
            curves: dict[str, list[Row]] = {}
            for point in points:
                if (value := point[metric]) is not None:
                    row = {
                        "n": point["solutions"]["mean"],
                        "value": value["mean"],
                        "low": value["low"],
                        "high": value["high"],
                    }
                    curves.setdefault(point["strategy"], []).append(row)
            _n_axis(axes, [round(row["n"]) for rows in curves.values() for row in rows], most=6)
            for strategy, rows in curves.items():
                _curve(axes, strategy, rows)
            _value_axis(axes, curves.values(), [])
            axes.set_xlabel("labeled solutions")
            axes.set_title(METRICS[metric])
        _labels(panels[-1], {LOOKS[one]: (rows[-1]["n"], rows[-1]["value"]) for one, rows in curves.items()}, gap=0.12)
        _title(figure, "Which solutions people label; bands: the least and the greatest of the seeds")
    return figure


def reliability(calibration: Row, event: str) -> Figure:
    """Observed against predicted in bins of equal mass; on the line a probability means what it says."""
    bins = calibration["bins"]
    with _style():
        figure = Figure(figsize=(4.6, 4.6), layout="constrained")
        axes = figure.subplots()
        axes.plot([0, 1], [0, 1], color="#BBBBBB", linewidth=1)
        axes.text(0.96, 0.985, "as it says", color=GREY, ha="right", va="bottom", rotation=45, rotation_mode="anchor")
        predicted, observed = ([one[name] for one in bins] for name in ("predicted", "observed"))
        axes.plot(predicted, observed, color="#0072B2", linewidth=1.4, marker="o", markersize=4.5, clip_on=False)
        axes.set(xlim=(0, 1), ylim=(0, 1), aspect="equal")
        axes.set_xlabel(f"mean probability {event}")
        axes.set_ylabel("share of them for which it was so")
        for axis in (axes.xaxis, axes.yaxis):
            axis.set_major_formatter(PercentFormatter(1))
        axes.set_title(
            f"{calibration['count']} values in {len(bins)} bins of like size\n"
            f"ECE {calibration['ece']:.3f}   Brier {calibration['brier']:.3f}   NLL {calibration['nll']:.3f}"
        )
    return figure


def _title(figure: Figure, text: str) -> None:
    figure.suptitle(text, x=0.01, ha="left", fontsize=10)


@contextmanager
def _style() -> Iterator[None]:
    with mpl.rc_context(STYLE):
        yield


def _curve(axes: Axes, method: str, rows: Sequence[Row]) -> None:
    colour = LOOKS[method][1]
    ns, values = [row["n"] for row in rows], [row["value"] for row in rows]
    is_ceiling = method == "pass"
    axes.plot(
        ns, values, color=colour, linewidth=1 if is_ceiling else 1.8, marker="o", markersize=2 if is_ceiling else 3
    )
    if rows[0]["low"] is not None:
        lows, highs = [row["low"] for row in rows], [row["high"] for row in rows]
        axes.fill_between(ns, lows, highs, color=colour, alpha=0.06 if is_ceiling else 0.12, linewidth=0)


def _n_axis(axes: Axes, ns: Sequence[int], most: int = 12) -> None:
    """A log2 axis with a tick at each power of two, or at every second, third, … where those are too many."""
    powers = [2**i for i in range(max(ns).bit_length() + 1) if min(ns) <= 2**i <= max(ns)] or [max(ns)]
    axes.set_xscale("log", base=2)
    axes.xaxis.set_major_locator(FixedLocator(powers[:: -(-len(powers) // most)]))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(FuncFormatter(lambda n, _: f"{n:.0f}"))
    axes.set_xlabel("N")


def _value_axis(axes: Axes, curves: Any, also: Sequence[float]) -> None:
    rows = [row for curve in curves for row in curve]
    values = [*also, *[row[end] for row in rows for end in ("value", "low", "high") if row[end] is not None]]
    axes.set_ylim(max(0.0, min(values) - 0.04), min(1.0, max(values) + 0.04))
    axes.yaxis.set_major_formatter(PercentFormatter(1, decimals=0))
    axes.grid(axis="y", color="#EEEEEE")
    axes.set_axisbelow(True)


def _labels(axes: Axes, ends: dict[tuple[str, str], tuple[int, float]], gap: float = 0.04) -> None:
    """Names in the right margin, each on the height of its curve's end or as near as the others let it; `gap` is in
    widths."""
    low, high = axes.get_ylim()
    edge = max(n for n, _ in ends.values())
    axes.set_xlim(right=edge)
    line = (high - low) * 0.055
    names = sorted(ends, key=lambda name: ends[name][1])
    sizes = [line * (name[0].count("\n") + 1) for name in names]
    places = spread([ends[name][1] for name in names], sizes, low, high)
    for (name, colour), (n, value), place in zip(names, map(ends.__getitem__, names), places, strict=True):
        axes.annotate(
            name,
            (n, value),
            (1 + gap, (place - low) / (high - low)),
            textcoords="axes fraction",
            color=colour,
            va="center",
            arrowprops={"arrowstyle": "-", "color": colour, "linewidth": 0.6, "alpha": 0.5, "relpos": (0, 0.5)},
        )


def spread(wanted: Sequence[float], sizes: Sequence[float], low: float, high: float) -> list[float]:
    """Centres near the wanted ones (ascending), so that intervals of these sizes do not overlap nor leave low to high.

    Neighbours that overlap become one block around the mean of what they want, until none overlap. Where there is no
    room for all, they go beyond high.
    """
    blocks: list[tuple[float, list[int]]] = []  # where each starts, and what is in it
    for i in range(len(wanted)):
        start, block = _block(wanted, sizes, [i], low, high)
        while blocks and blocks[-1][0] + sum(sizes[j] for j in blocks[-1][1]) > start:
            start, block = _block(wanted, sizes, blocks.pop()[1] + block, low, high)
        blocks.append((start, block))
    return [start + offset for start, block in blocks for offset in _offsets(sizes, block)]


def _block(
    wanted: Sequence[float], sizes: Sequence[float], block: list[int], low: float, high: float
) -> tuple[float, list[int]]:
    starts = [wanted[i] - offset for i, offset in zip(block, _offsets(sizes, block), strict=True)]
    start = sum(starts) / len(starts)
    return max(low, min(start, high - sum(sizes[i] for i in block))), block


def _offsets(sizes: Sequence[float], block: Sequence[int]) -> list[float]:
    """Centres of a block's intervals, from its start."""
    offsets, end = [], 0.0
    for i in block:
        offsets.append(end + sizes[i] / 2)
        end += sizes[i]
    return offsets


def _save(figure: Figure, stem: Path) -> list[Path]:
    written = []
    for kind in ("svg", "png"):
        path = stem.with_suffix(f".{kind}")
        temporary = path.with_name(path.name + ".tmp")
        with _style():
            figure.savefig(temporary, format=kind, dpi=160, metadata={"Date": None} if kind == "svg" else None)
        temporary.rename(path)
        written.append(path)
    return written
