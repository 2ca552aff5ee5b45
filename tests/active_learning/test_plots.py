import copy
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.text import Text

from active_learning import plots
from active_learning.evaluate.curves import Choice
from active_learning.evaluate.report import report
from active_learning.evaluate.samples import Sample


@pytest.fixture(scope="module")
def figures():
    problems = [
        [Sample(i, f"p{p}", str(i % 3), i % 3 == 0, ((0.1 * (i % 5), 0.0, 1 - 0.1 * (i % 5)),)) for i in range(8)]
        for p in range(6)
    ]
    return report(problems, Choice((1, 2, 4, 8)))


def boxes(figure):
    """The texts of a drawn figure that stand on it, with their boxes in pixels."""
    figure.canvas.draw()
    texts = [text for text in figure.findobj(Text) if text.get_visible() and text.get_text().strip()]
    for text in texts:
        text.get_window_extent()  # an annotation finds its place only when asked
    # Text's own extent: an annotation's has the line to its curve in it.
    return {text.get_text(): Text.get_window_extent(text) for text in texts}


def overlapping(figure):
    found = list(boxes(figure).items())
    return [(a, b) for i, (a, one) in enumerate(found) for b, other in found[i + 1 :] if one.overlaps(other)]


def test_every_picture_is_written_twice_and_nothing_half(figures, tmp_path):
    written = plots.draw(figures, tmp_path / "out")
    assert [path.name for path in written] == [
        f"{name}.{kind}" for name in ("best_of_n", "quintiles", "calibration") for kind in ("svg", "png")
    ]
    assert sorted(written) == sorted((tmp_path / "out").iterdir())
    for path in written:
        assert path.read_bytes().startswith(b"<?xml" if path.suffix == ".svg" else b"\x89PNG")


def test_the_same_report_gives_the_same_file(figures, tmp_path):
    one, two = (plots.draw(figures, tmp_path / name)[0].read_bytes() for name in ("one", "two"))
    assert one == two


def test_what_there_are_no_figures_for_is_not_drawn(figures, tmp_path):
    bare = {**figures, "calibration": None, "quintiles": figures["quintiles"][:1]}
    assert [path.name for path in plots.draw(bare, tmp_path)] == ["best_of_n.svg", "best_of_n.png"]


def test_curves_are_named_at_their_ends_and_the_published_one_says_what_it_is_for(figures):
    figure = plots.best_of_n(figures["best_of_n"])
    names = {plots.LOOKS[method][0] for method in figures["best_of_n"]} | {plots.PUBLISHED_LABEL}
    assert names <= set(boxes(figure))
    assert "for the shape, not the height" in plots.PUBLISHED_LABEL
    dashed = [line for line in figure.axes[0].lines if line.is_dashed()]
    assert [list(line.get_xdata()) for line in dashed] == [[n for n, _ in plots.PUBLISHED_PRM]]


def test_the_axis_of_n_is_logarithmic_with_powers_of_two(figures):
    axes = plots.best_of_n(figures["best_of_n"]).axes[0]
    assert (axes.get_xscale(), axes.xaxis.get_transform().base) == ("log", 2)
    assert list(axes.get_xticks()) == [2**i for i in range(11)]
    assert [axes.xaxis.get_major_formatter()(n, 0) for n in (1, 1024)] == ["1", "1024"]


def flat(figures, value):
    """The worst case for names: all curves end at the same height."""
    changed = copy.deepcopy(figures)
    for curves in (changed["best_of_n"], *(group["best_of_n"] for group in changed["quintiles"])):
        for rows in curves.values():
            rows[-1].update(value=value, low=value, high=value)
    return changed


@pytest.mark.parametrize("value", [0.0, 0.78, 1.0])
def test_no_two_texts_overlap(figures, value):
    changed = flat(figures, value)
    assert overlapping(plots.best_of_n(changed["best_of_n"])) == []
    assert overlapping(plots.quintiles(changed["quintiles"])) == []
    assert overlapping(plots.reliability(changed["calibration"], "that the solution is right")) == []


def test_single_numbers_and_problems_can_be_drawn(tmp_path):
    one = report([[Sample(1, "p", "1", True, ((0.0, 0.0, 1.0),))]], Choice((1,)))
    assert plots.draw(one, tmp_path)


def test_the_reliability_diagram_says_how_far_off_and_on_how_much(figures):
    texts = " ".join(boxes(plots.reliability(figures["calibration"], "that the solution is right")))
    assert f"48 values in {len(figures['calibration']['bins'])} bins of like size" in texts
    assert f"ECE {figures['calibration']['ece']:.3f}" in texts


@given(items=st.lists(st.tuples(st.floats(0, 1), st.floats(0.01, 0.2)), min_size=1, max_size=5))
def test_spread_keeps_order_distance_and_bounds(items):
    items.sort()
    sizes = [size for _, size in items]
    places = plots.spread([wanted for wanted, _ in items], sizes, 0, 1)
    edges = [(place - size / 2, place + size / 2) for place, size in zip(places, sizes, strict=True)]
    assert all(before[1] <= after[0] + 1e-9 for before, after in pairwise(edges))
    assert edges[0][0] >= -1e-9
    assert edges[-1][1] <= 1 + 1e-9


def test_spread_leaves_alone_what_has_room_and_parts_what_has_not():
    assert plots.spread([0.2, 0.5], [0.1, 0.1], 0, 1) == pytest.approx([0.2, 0.5])
    assert plots.spread([0.5, 0.5], [0.1, 0.1], 0, 1) == pytest.approx([0.45, 0.55])
    assert plots.spread([1, 1], [0.1, 0.1], 0, 1) == pytest.approx([0.85, 0.95])
    assert plots.spread([0, 0.02], [0.1, 0.1], 0, 1) == pytest.approx([0.05, 0.15])
