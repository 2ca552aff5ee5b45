import json
import os
from dataclasses import replace
from io import StringIO

import psycopg.conninfo
import pytest
from django.core.management import call_command
from django.db import connection

from active_learning.domains import chains
from active_learning.records import parse_line
from annotation.models import Label
from annotation.models.snapshots import View
from annotation.services import exporting
from tests import factories
from workers import tour
from workers.tour_export import EVERY_END, FINISHED, in_database, in_files, require_equal
from workers.tour_site import Site, TourFailed


@pytest.fixture
def site(tmp_path):
    """A site without processes, whose database is that of the test."""
    given = connection.get_connection_params()
    address = {name: given[name] for name in ("dbname", "user", "password", "host", "port") if given.get(name)}
    return Site(tmp_path, "http://127.0.0.1:1", {"DATABASE_URL": psycopg.conninfo.make_conninfo(**address)}, None)


@pytest.fixture
def labels(project, alice, bob):
    factories.queued(project, 4)
    return [
        factories.label(alice, [1, 0, 1]),
        factories.label(alice, [1, -1]),
        factories.label(bob, [], finish_reason="bad_problem", reason="Two answers are right."),
    ]


@pytest.fixture
def raw(project, labels, tmp_path):
    exporting.export_labels(project=project, view=View.RAW, out_dir=tmp_path / "raw")
    return tmp_path / "raw"


def change(folder, old, new):
    [file] = folder.glob("*.jsonl")
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new, 1))


@pytest.mark.django_db(transaction=True)
def test_an_export_says_what_plain_sql_says(site, raw):
    stored = in_database(site, "algebra", EVERY_END)
    require_equal(in_files(raw), stored, "both")
    assert stored.total() == Label.objects.count() == 3
    assert sorted(judgement[-1] for judgement in stored) == [(), (1, -1), (1, 0, 1)]


@pytest.mark.django_db(transaction=True)
def test_labels_without_an_end_are_left_out_where_only_finished_ones_are_wanted(site, labels):
    assert {judgement[3] for judgement in in_database(site, "algebra", FINISHED)} == {"found_error", "solution"}


@pytest.mark.parametrize(
    ("old", "new"),
    [('"rating": 0', '"rating": 1'), ('"total_time": 1000', '"total_time": 999'), ('"labeler": "', '"labeler": "0')],
)
@pytest.mark.django_db(transaction=True)
def test_one_changed_value_in_an_export_is_found(site, raw, old, new):
    change(raw, old, new)
    with pytest.raises(TourFailed, match="1 labels are only in the first, 1 only in the second"):
        require_equal(in_files(raw), in_database(site, "algebra", EVERY_END), "both")


@pytest.mark.django_db(transaction=True)
def test_a_line_that_is_missing_and_one_that_is_there_twice_are_found(site, raw):
    [file] = raw.glob("*.jsonl")
    first, *others = file.read_text().splitlines(keepends=True)
    stored = in_database(site, "algebra", EVERY_END)
    for lines in (others, [first, first, *others]):
        file.write_text("".join(lines))
        with pytest.raises(TourFailed):
            require_equal(in_files(raw), stored, "both")


@pytest.mark.django_db(transaction=True)
def test_two_empty_sides_are_no_proof(site, project):
    nothing = in_database(site, "algebra", EVERY_END)
    with pytest.raises(TourFailed, match="Nothing to compare"):
        require_equal(nothing, nothing, "both")


def test_a_command_that_fails_ends_the_tour_with_its_words(site):
    with pytest.raises(TourFailed, match=r"(?s)no_such_command ended with status 1.*Unknown command"):
        replace(site, environment=os.environ).manage("no_such_command")


def test_the_held_out_solutions_are_the_same_each_time_and_labeled_by_the_oracle(tmp_path):
    first = tour.write_held_out(tmp_path / "first.jsonl").read_text()
    assert tour.write_held_out(tmp_path / "second.jsonl").read_text() == first
    records = [parse_line(line) for line in first.splitlines()]
    assert len(records) == 240
    for record in records:
        truth = chains.rate(record.problem, list(record.pre_generated.steps))
        given = [step.completions[0].rating for step in record.steps]
        assert given == (truth[: truth.index(-1) + 1] if -1 in truth else truth)


def project_with(*aucs):
    return tour.Project(0, [tour.Generation(40, 0.8, auc, 0.7, 10.0) for auc in aucs], "120 lines")


@pytest.mark.parametrize(
    ("aucs", "learned"),
    [((0.8, 0.7, 0.9), True), ((0.9, 0.95, 0.85), False), ((0.9, 0.9), False), ((0.5, 0.6, 0.75), False)],
)
def test_a_project_has_learned_when_its_last_selector_beats_its_first_and_the_bar(aucs, learned):
    assert project_with(*aucs).has_learned is learned


def test_the_report_shows_each_generation_and_who_has_not_learned():
    lines = list(tour.report([project_with(0.8, 0.9), project_with(0.8, 0.7)]))
    assert sum("80%" in line for line in lines) == 4
    assert [("HAS NOT" in line) for line in lines if "→" in line] == [False, True]
    assert "0.800 → 0.900" in "\n".join(lines)


def test_training_on_held_out_problems_ends_the_tour(tmp_path, monkeypatch):
    site = Site(tmp_path, "", {}, None)
    held_out = tour.write_held_out(tmp_path / "held_out.jsonl")
    (tmp_path / "tour-0").mkdir()
    problem = json.loads(held_out.read_text().splitlines()[0])["question"]["problem"]
    (tmp_path / "tour-0" / "problems.jsonl").write_text(json.dumps({"problem": problem}) + "\n")
    monkeypatch.setattr(Site, "science", lambda *_: "")
    with pytest.raises(TourFailed, match="1 of the held-out problems"):
        tour._import(site, tour.Plan(), "tour-0", 0, held_out)


@pytest.mark.proof
def test_the_fast_tour_passes_and_leaves_nothing(tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    out = StringIO()
    call_command("tour", fast=True, stdout=out)
    assert "The tour passed." in out.getvalue()
    # PyTorch may make a folder for what it compiles, torchinductor_USER, the first time that it is asked where that lies.
    assert [path for path in tmp_path.iterdir() if not path.name.startswith("torchinductor_")] == []
