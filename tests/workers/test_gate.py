"""What the promotion gate makes of two comparisons (rows H8 and G12); the programs that compare are stood in for."""

import json
from types import SimpleNamespace

import pytest

from annotation.models import ModelVersion
from annotation.services import exporting
from tests import factories
from tests.labeling_ui.test_ml_pages import METRICS, finished_round
from workers import gate

DIFFERENCE = {"value": -0.2, "low": -0.3, "high": -0.1}


def write_records(path, of_rounds):
    """Numbered records of these rounds, as a worker writes them."""
    path.write_text("".join(json.dumps({"n": place}) + "\n" for place in range(len(of_rounds))))
    exporting.rounds_beside(path).write_text("".join(json.dumps(one) + "\n" for one in of_rounds))


@pytest.fixture
def judge(project, tmp_path, monkeypatch):
    """judge(newest, earlier) → the version and the comparison of a third round, where the two comparisons say so."""
    finished_round(project)
    first = finished_round(project, report={"labels": 20}, metrics=METRICS).selector
    round_, _ = factories.running_round(project)
    candidate = ModelVersion.objects.create(
        project=project, round=round_, checkpoint="c", sha256="a" * 64, data_sha256="b" * 64, base="toy"
    )
    asked = []

    def judged(newest, earlier, of_rounds=(0, 1)):
        said = {"comparison.json": newest, "earlier.json": earlier}
        write_records(tmp_path / "train.jsonl", of_rounds)

        def compare(_match, records, _solutions, out):
            asked.append((records.name, len(records.read_text().splitlines())))
            promote = said[out.name] in ("better", "not_worse")
            verdict = {"promote": promote, "because": said[out.name], "auc_difference": DIFFERENCE, "agreement": 0.9}
            out.write_text(json.dumps(verdict))

        monkeypatch.setattr(gate, "_compare", compare)
        version, found = gate.better_of(SimpleNamespace(log=asked.append), round_, candidate, tmp_path)
        return SimpleNamespace(
            is_first=version == first, is_candidate=version == candidate, asked=asked, **found["comparison"]
        )

    return judged


@pytest.mark.django_db
def test_g12_what_is_better_only_by_the_newest_labels_is_held_back(judge):
    told = judge("better", "worse")

    assert (told.is_first, told.promote, told.because) == (True, False, "contradicted")
    assert (told.earlier, told.labels_before) == (DIFFERENCE, 20)
    assert told.asked[:2] == [("train.jsonl", 2), ("earlier.jsonl", 1)]
    assert "held back (contradicted)" in told.asked[2]


@pytest.mark.django_db
@pytest.mark.parametrize("earlier", ["better", "not_worse", "unlike"])
def test_what_is_not_worse_by_earlier_labels_either_takes_the_place(earlier, judge):
    told = judge("not_worse", earlier)

    assert (told.is_candidate, told.promote, told.because) == (True, True, "not_worse")


@pytest.mark.django_db
@pytest.mark.parametrize(("newest", "of_rounds"), [("worse", (0, 1)), ("better", (1, 1))])
def test_nobody_asks_the_earlier_labels_where_it_is_decided_or_there_are_none(newest, of_rounds, judge):
    told = judge(newest, "worse", of_rounds)

    assert told.because == newest
    assert [one for one in told.asked if isinstance(one, tuple)] == [("train.jsonl", 2)]


@pytest.mark.django_db
def test_g12_the_rounds_since_the_selector_in_use_never_become_earlier_ones(judge):
    """It is that of round 1, trained on round 0; three rounds chosen by it may all be poisoned."""
    told = judge("better", "worse", (0, 1, 2, 3))

    assert told.asked[1] == ("earlier.jsonl", 1)
    assert told.because == "contradicted"


def test_earlier_labels_are_those_of_rounds_before_and_imported_ones(tmp_path):
    write_records(tmp_path / "all", [2, None, 0, 1, 2, None])

    assert gate.write_earlier(tmp_path / "all", tmp_path / "earlier", before=2) == 4

    assert [json.loads(line)["n"] for line in (tmp_path / "earlier").read_text().splitlines()] == [1, 2, 3, 5]


def test_where_nothing_came_since_or_all_did_nothing_is_earlier(tmp_path):
    write_records(tmp_path / "all", [0, 0])

    assert gate.write_earlier(tmp_path / "all", tmp_path / "earlier", before=1) == 0
    assert gate.write_earlier(tmp_path / "all", tmp_path / "earlier", before=0) == 0
