"""M6, M8: what packages that nobody here wrote make of our files, and what the card and the manifest say of them."""

import hashlib
import json

import pytest
import yaml

from active_learning.records import parse_line
from annotation.models import ModelVersion, Round
from annotation.models.snapshots import Format, NeutralAs, View
from annotation.services import exporting, importing
from annotation.services.export_parquet import row_of
from tests import factories
from tests.annotation.test_exporting_views import known_solutions, phase_1_label
from tests.shared_data import shared_lines

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
]


@pytest.fixture
def out(tmp_path):
    return tmp_path / "out"


@pytest.fixture
def load(tmp_path, monkeypatch):
    """`datasets.load_dataset` without the network, with a cache of its own."""
    monkeypatch.setenv("HF_DATASETS_OFFLINE", "1")
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    datasets = pytest.importorskip("datasets")
    return lambda *args, **options: datasets.load_dataset(*args, cache_dir=str(tmp_path / "cache"), **options)


def export(project, out, format, neutral=NeutralAs.KEEP, view=View.RAW, **options):
    return exporting.export_labels(
        project=project, view=view, out_dir=out, format=Format(format), neutral=neutral, **options
    )


def prm800k_rows(out):
    return [json.loads(line) for path in sorted(out.glob("phase*.jsonl")) for line in path.read_text().splitlines()]


def test_m6_parquet_read_by_datasets_is_what_the_prm800k_lines_say(alice, out, load):
    factories.queued(alice.project, 2)
    factories.label(alice, (1, 0, 1))
    factories.label(alice, (1, -1))
    phase_1_label(alice)
    export(alice.project, out / "lines", "prm800k")

    export(alice.project, out / "parquet", "parquet")

    found = list(load("parquet", data_files=str(out / "parquet" / "train.parquet"), split="train"))
    expected = [row_of(parse_line(json.dumps(line))) for line in prm800k_rows(out / "lines")]
    assert sorted(map(json.dumps, found)) == sorted(map(json.dumps, expected))


def test_m6_a_folder_is_loaded_by_its_card_alone(alice, out, load):
    factories.queued(alice.project, 2)
    factories.label(alice)
    factories.label(alice, (1, -1))
    export(alice.project, out / "parquet", "parquet")
    export(alice.project, out / "trl", "trl", NeutralAs.POSITIVE)

    assert len(load(str(out / "parquet"), split="train")) == 2
    assert load(str(out / "trl"), split="train").features["labels"].feature.dtype == "bool"


@pytest.mark.parametrize("gzip", [False, True])
def test_m6_json_lines_read_by_datasets_are_the_same_rows(gzip, alice, out, load):
    factories.queued(alice.project, 2)
    factories.label(alice)
    factories.label(alice, (1, -1))
    export(alice.project, out, "trl", NeutralAs.POSITIVE, gzip=gzip)

    name = "train.jsonl.gz" if gzip else "train.jsonl"
    found = list(load("json", data_files=str(out / name), split="train"))

    assert [row["labels"] for row in found] == [[True, True, True], [True, False]]


@pytest.mark.shared_data
def test_m2_published_lines_go_through_parquet_and_datasets_without_a_loss(project, out, load):
    lines = shared_lines("prm800k_original/phase2_records_14.jsonl")
    importing.import_labels(project=project, lines=lines, source="phase2_train.jsonl", by=None)

    export(project, out, "parquet")

    found = list(load("parquet", data_files=str(out / "train.parquet"), split="train"))
    # A question without a pre-generated part and keys that are null there are one thing in columns.
    assert [_normal(row) for row in found] == [_normal(json.loads(line)) for line in lines]


def _normal(row):
    return {
        **{key: row[key] for key in ("labeler", "timestamp", "generation")},
        "question": {key: value for key, value in row["question"].items() if value is not None},
        "label": json.loads(json.dumps(row["label"])),
    }


def test_m8_card_and_manifest_tell_counts_balance_versions_models_and_hashes(alice, dana, out):
    project = alice.project
    slots = factories.queued(project, 3)
    version = ModelVersion.objects.create(
        project=project, base="toy", checkpoint="rounds/0", sha256="a" * 64, data_sha256="b" * 64
    )
    Round.objects.filter(pk=slots[0].round_id).update(selector=version)
    factories.label(alice, (1, 0, 1), instructions_version=1)
    factories.label(alice, (1, -1), instructions_version=1)
    factories.label(alice, (), finish_reason="give_up", reason="too hard")

    manifest = export(project, out, "prm800k", view=View.TRAINING)

    stored = json.loads((out / "manifest.json").read_text())
    assert stored["balance"] == {"2": {"labels": 2, "correct_answers": 0, "rated_steps": 5, "good_steps": 4}}
    assert stored["models"] == [
        {"id": version.pk, "kind": "selector", "base": "toy", "sha256": "a" * 64, "data_sha256": "b" * 64}
    ]
    assert (stored["instructions_versions"], stored["excluded"]) == ([1], {"gave up": 1})
    card = (out / "README.md").read_text()
    _, front, text = card.split("---\n", 2)
    front = yaml.safe_load(front)
    assert front["pretty_name"] == "Algebra"
    assert "license" not in front
    assert front["configs"] == [
        {"config_name": "phase2", "data_files": [{"split": "train", "path": "phase2_train.jsonl"}]}
    ]
    for words in (
        "| 2 | 2 | 0.0 | 5 | 80.0 |",
        "- gave up: 1",
        "versions of the instructions: 1",
        f"model {version.pk} chose the solutions",
        manifest.files[0].sha256,
        "a" * 64,
    ):
        assert words in text
    assert stored["card"]["sha256"] == hashlib.sha256(card.encode()).hexdigest()


def test_m8_the_name_of_a_project_cannot_break_the_front_of_the_card(project, out):
    project.name = 'Algebra: "hard"\n---\nlicense: mit'
    project.save()

    export(project, out, "prm800k")

    front = yaml.safe_load((out / "README.md").read_text().split("---\n", 2)[1].split("\ntags")[0] or "{}")
    assert "license" not in (front or {})


def test_m4_reasons_are_counted_and_the_training_view_says_them_on_its_card(alice, out):
    factories.queued(alice.project, 1)
    factories.label(alice)
    known_solutions(alice)

    manifest = export(alice.project, out, "trl", NeutralAs.POSITIVE, view=View.TRAINING)

    assert manifest.excluded == {"quality control": 1, "screening": 1}
    assert "- quality control: 1" in (out / "README.md").read_text()
