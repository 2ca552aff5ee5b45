"""What `make prove` measured is kept row by row, whatever becomes of the run."""

import json
from dataclasses import replace

import pytest

from tests.prove import figures, page
from tests.prove.figures import NOT_RUN, Figure


def row(id="A1", *, outcome="met", measured="0 lost", commit="c1"):
    return Figure(id, "a kill", "0 lost", measured, "3 lost", "7", outcome, 1.5, commit)


@pytest.fixture
def file(tmp_path):
    return figures.file_of(tmp_path / "prove", full=True)


def test_a_row_takes_the_place_of_the_older_one_of_its_figure_and_no_other(file):
    for one in (row("B2"), row("A10"), row("A9"), row("A10", measured="1 lost", outcome="MISSED", commit="c2")):
        figures.keep(one, file)

    assert [(one.id, one.outcome, one.commit) for one in figures.kept(file)] == [
        ("A9", "met", "c1"),
        ("A10", "MISSED", "c2"),
        ("B2", "met", "c1"),
    ]
    assert json.loads(file.read_text())["counts"] == "full"
    assert "| A10 | a kill | 0 lost | 1 lost | 3 lost | 7 | c2 | 2 | MISSED |" in file.with_suffix(".md").read_text()


@pytest.mark.parametrize(("commit", "kept"), [("c1", "met"), ("c2", NOT_RUN)])
def test_what_could_not_be_run_takes_the_place_of_what_was_only_at_another_commit(file, commit, kept):
    figures.keep(row(), file)

    figures.keep(row(outcome=NOT_RUN, measured="no scanner here", commit=commit), file)

    assert [one.outcome for one in figures.kept(file)] == [kept]


def test_a_table_is_read_back_as_it_was():
    rows = [
        Figure("A1", "a | b", "0 lost", "", "", "", NOT_RUN, 0.0, ""),
        Figure("E1.1", "fast", "p50 | p99", "3 | 4", "none", "7", "met", 12.0, "c1"),
    ]

    assert figures.rows_of(figures.table(rows)) == rows


def test_a_page_keeps_what_was_not_measured_again(tmp_path, file):
    shown = [row("A1"), row("A2"), row("A3", outcome=NOT_RUN, commit="")]
    (tmp_path / "page.md").write_text(f"before\n{page.BEGIN}{figures.table(shown)}\n{page.END}after\n")
    figures.keep(row("A2", measured="1 lost", outcome="MISSED", commit="c2"), file)

    told = page.measured_so_far(tmp_path / "page.md", file)
    page.put(tmp_path / "page.md", figures.table(told) + "\n")

    assert [(one.id, one.outcome, one.commit) for one in told] == [("A1", "met", "c1"), ("A2", "MISSED", "c2")]
    text = (tmp_path / "page.md").read_text()
    assert text.startswith("before\n")
    assert text.endswith("after\n")
    assert figures.rows_of(text) == [replace(one, seconds=2.0) for one in told]


def test_what_has_no_row_is_told_as_not_run():
    told = figures.with_missing([row("A1")], [row("A1", commit="short"), row("A2", commit="short")])

    assert [(one.id, one.outcome, one.measured, one.commit) for one in told] == [
        ("A1", "met", "0 lost", "c1"),
        ("A2", NOT_RUN, "", ""),
    ]
