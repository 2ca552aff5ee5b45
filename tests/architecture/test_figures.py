"""What `make prove` measured is kept row by row, whatever becomes of the run."""

import json

import pytest

from tests.prove import figures
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


def test_what_has_no_row_is_told_as_not_run():
    told = figures.with_missing([row("A1")], [row("A1", commit="short"), row("A2", commit="short")])

    assert [(one.id, one.outcome, one.measured, one.commit) for one in told] == [
        ("A1", "met", "0 lost", "c1"),
        ("A2", NOT_RUN, "", ""),
    ]
