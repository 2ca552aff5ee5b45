"""What the promotion gate makes of two comparisons (rows H8 and G12); the programs that compare are stood in for."""

import json
from types import SimpleNamespace

import pytest

from annotation.models import ModelVersion
from tests import factories
from tests.labeling_ui.test_ml_pages import METRICS, finished_round
from workers import gate

DIFFERENCE = {"value": -0.2, "low": -0.3, "high": -0.1}


@pytest.fixture
def judge(project, tmp_path, monkeypatch):
    """judge(newest, earlier) → the version and the comparison of a third round, where the two comparisons say so."""
    first = finished_round(project, report={"labels": 20}, metrics=METRICS).selector
    round_, _ = factories.running_round(project)
    candidate = ModelVersion.objects.create(
        project=project, round=round_, checkpoint="c", sha256="a" * 64, data_sha256="b" * 64, base="toy"
    )
    asked = []

    def judged(newest, earlier, generations=(0, 1)):
        said = {"comparison.json": newest, "earlier.json": earlier}
        rows = "".join(json.dumps({"generation": one}) + "\n" for one in generations)
        (tmp_path / "train.jsonl").write_text(rows)

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
@pytest.mark.parametrize(("newest", "generations"), [("worse", (0, 1)), ("better", (1, 1))])
def test_nobody_asks_the_earlier_labels_where_it_is_decided_or_there_are_none(newest, generations, judge):
    told = judge(newest, "worse", generations)

    assert told.because == newest
    assert [one for one in told.asked if isinstance(one, tuple)] == [("train.jsonl", 2)]


def test_earlier_labels_are_those_of_all_generations_but_the_newest(tmp_path):
    rows = [
        {"n": 0, "generation": 2},
        {"n": 1, "generation": None},
        {"n": 2, "generation": 0},
        {"n": 3},
        {"n": 4, "generation": 2},
    ]
    (tmp_path / "all").write_text("".join(json.dumps(row) + "\n" for row in rows))

    assert gate.write_earlier(tmp_path / "all", tmp_path / "earlier") == 3

    assert [json.loads(line)["n"] for line in (tmp_path / "earlier").read_text().splitlines()] == [1, 2, 3]


def test_of_one_generation_nothing_is_earlier(tmp_path):
    (tmp_path / "all").write_text('{"generation": 0}\n{"generation": 0}\n')

    assert gate.write_earlier(tmp_path / "all", tmp_path / "earlier") == 0
