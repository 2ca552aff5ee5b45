"""M5, M6: labels in the formats of others, each read again by a reader of its own, written from what that format says."""

import json

import pytest

from active_learning import shepherd
from active_learning.records import parse_line
from annotation.models.snapshots import Format, NeutralAs, View
from annotation.services import exporting, importing
from annotation.services.export_formats import HEADING_INSIDE, NO_RATED_STEP, SIGN_INSIDE, UNFINISHED
from annotation.services.export_orders import NeutralKept, NeutralUndecided, PackedAlready
from tests import factories
from tests.annotation.test_exporting_views import phase_1_label
from tests.shared_data import shared_lines

pytestmark = pytest.mark.django_db(transaction=True)

STEPS = ["Two.", "Four.\n\n# Answer\n\n4"]


@pytest.fixture
def out(tmp_path):
    return tmp_path / "out"


def export(project, out, format, neutral=NeutralAs.POSITIVE, view=View.RAW, **options):
    return exporting.export_labels(
        project=project, view=view, out_dir=out, format=Format(format), neutral=neutral, **options
    )


def rows(path):
    return [json.loads(line) for line in path.read_text().splitlines()]


def labeled(labeler, *labels, **values):
    factories.queued(labeler.project, len(labels), steps=STEPS, answer="4", **values)
    return [factories.label(labeler, ratings) for ratings in labels]


# Readers, each from the format's own description ---------------------------------------------------------------------


def read_trl(path):
    """Stepwise supervision: a prompt, its completions, and as many labels, which are booleans."""
    for row in rows(path):
        assert list(row) == ["prompt", "completions", "labels"]
        assert type(row["prompt"]) is str
        assert len(row["completions"]) == len(row["labels"]) > 0
        assert {type(text) for text in row["completions"]} == {str}
        assert {type(label) for label in row["labels"]} == {bool}
        yield row["prompt"], list(zip(row["completions"], row["labels"], strict=True))


def read_math_shepherd(path):
    """As trainers read it: wherever the input has its sign, the label has + or - in the same place."""
    for row in rows(path):
        assert list(row) == ["input", "label", "task"]
        parts, labels, rest = row["input"].split("ки"), [], row["label"]
        for place, part in enumerate(parts):
            assert rest.startswith(part)
            rest = rest[len(part) :]
            if place < len(parts) - 1:
                assert rest[0] in "+-"
                labels.append(rest[0] == "+")
                rest = rest[1:]
        assert rest == ""
        yield parts[:-1], labels


def read_processbench(path):
    """As its evaluation reads it: -1, or the index of a step that is there."""
    for row in rows(path):
        assert list(row) == ["id", "generator", "problem", "steps", "final_answer_correct", "label"]
        assert type(row["label"]) is int
        assert -1 <= row["label"] < len(row["steps"])
        assert type(row["final_answer_correct"]) is bool
        yield row


# What becomes of a label ---------------------------------------------------------------------------------------------


def test_m6_trl_has_a_row_for_each_path_and_stops_at_the_first_error(alice, out):
    labeled(alice, (1, 1), (0, -1))

    export(alice.project, out, "trl")

    (first, second) = [row for _, row in read_trl(out / "train.jsonl")]
    assert first == [("Two.", True), (STEPS[1], True)]
    assert second == [("Two.", True), (STEPS[1], False)]


def test_m6_alternatives_are_rows_of_their_own_with_the_path_before_them(alice, out):
    phase_1_label(alice)

    export(alice.project, out, "trl")

    found = [row for _, row in read_trl(out / "train.jsonl")]
    # "Look." was rated neutral and not chosen; the labeler wrote the second step, which counts as good.
    assert found[0] == [("Look.", True)]
    assert [text for text, _ in found[-1]][:2] == ["See.", "I say so."]
    assert all(good for _, good in found[-1])


@pytest.mark.parametrize(("neutral", "good"), [("positive", True), ("negative", False)])
def test_m5_a_neutral_step_is_what_was_asked_for(neutral, good, alice, out):
    labeled(alice, (0, 1))

    export(alice.project, out / "trl", "trl", NeutralAs(neutral))
    export(alice.project, out / "shepherd", "math_shepherd", NeutralAs(neutral))
    export(alice.project, out / "bench", "processbench", NeutralAs(neutral))

    ((_, row),) = read_trl(out / "trl" / "train.jsonl")
    ((_, signs),) = read_math_shepherd(out / "shepherd" / "train.jsonl")
    (case,) = read_processbench(out / "bench" / "train.jsonl")
    assert [label for _, label in row] == signs == [good, True]
    assert case["label"] == (-1 if good else 0)
    manifest = json.loads((out / "trl" / "manifest.json").read_text())
    assert manifest["neutral"] == neutral
    assert f"Neutral steps count as {'good' if good else 'bad'}" in (out / "trl" / "README.md").read_text()


@pytest.mark.parametrize("format", ["trl", "math_shepherd", "processbench"])
def test_m5_no_format_of_good_and_bad_is_written_without_an_answer_for_neutral_steps(format, project, out):
    with pytest.raises(NeutralUndecided):
        export(project, out, format, NeutralAs.KEEP)

    assert not out.exists()


@pytest.mark.parametrize("format", ["prm800k", "parquet", "scored_samples"])
def test_m5_a_format_with_three_ratings_only_keeps_them(format, project, out):
    with pytest.raises(NeutralKept):
        export(project, out, format, NeutralAs.NEGATIVE)


def test_m6_parquet_is_not_packed_twice(project, out):
    with pytest.raises(PackedAlready):
        export(project, out, "parquet", NeutralAs.KEEP, gzip=True)


def test_m6_math_shepherd_marks_each_step_once_and_cannot_hold_its_own_sign(alice, out):
    labeled(alice, (1, -1))
    problem = factories.problem(alice.project, text="Что такое ножки?")
    factories.queued(alice.project, problem_=problem)
    factories.label(alice)

    manifest = export(alice.project, out, "math_shepherd")

    ((parts, signs),) = read_math_shepherd(out / "train.jsonl")
    assert signs == [True, False]
    assert parts[0].endswith(" Step 1: Two. ")
    assert parts[1] == f"\nStep 2: {STEPS[1]} "
    assert manifest.excluded == {SIGN_INSIDE: 1}
    assert (manifest.labels, manifest.lines) == (1, 1)


def test_k4_what_is_written_as_math_shepherd_is_read_again_by_the_codec_that_trains(alice, out):
    labeled(alice, (1, -1))
    factories.queued(alice.project, problem_=factories.problem(alice.project, text="First do Step 1: add."))
    factories.label(alice)

    manifest = export(alice.project, out, "math_shepherd")

    (signed,) = map(shepherd.read_line, (out / "train.jsonl").read_bytes().splitlines())
    assert (signed.steps, signed.is_good) == (tuple(STEPS), (True, False))
    assert manifest.excluded == {HEADING_INSIDE: 1}


def test_m6_processbench_has_all_steps_and_the_first_wrong_one(alice, out):
    labeled(alice, (-1,), (1, 1), grade="correct", generator="sampler")
    factories.queued(alice.project)
    factories.label(alice, (1,), finish_reason="give_up", reason="too hard")

    manifest = export(alice.project, out, "processbench")

    first, second = read_processbench(out / "train.jsonl")
    assert (first["id"], first["label"], first["steps"]) == ("algebra-0", 0, STEPS)
    assert (second["id"], second["label"], second["generator"]) == ("algebra-1", -1, "sampler")
    assert first["final_answer_correct"] is True
    assert manifest.excluded == {UNFINISHED: 1}


def test_m6_a_label_without_a_rated_step_has_no_row_and_is_counted(alice, out):
    factories.queued(alice.project, 2)
    factories.label(alice, (), finish_reason="bad_problem", reason="no question")
    factories.label(alice)

    manifest = export(alice.project, out, "trl")

    assert (manifest.lines, manifest.labels, manifest.excluded) == (1, 1, {NO_RATED_STEP: 1})


@pytest.mark.shared_data
@pytest.mark.parametrize("format", ["trl", "math_shepherd", "processbench"])
def test_m6_every_published_line_makes_rows_that_the_formats_reader_takes(format, project, out):
    originals = []
    for name in ("phase1_test.jsonl", "phase2_records_14.jsonl"):
        lines = shared_lines(f"prm800k_original/{name}")
        importing.import_labels(project=project, lines=lines, source=name, by=None, split="train")
        originals += [parse_line(line) for line in lines]

    manifest = export(project, out, format)

    reader = {"trl": read_trl, "math_shepherd": read_math_shepherd, "processbench": read_processbench}[format]
    found = list(reader(out / "train.jsonl"))
    assert len(found) == manifest.lines > 0
    # Nothing is lost in silence: each label has rows or is counted with a reason.
    assert manifest.labels + sum(manifest.excluded.values()) == len(originals)
    if format == "processbench":
        finished = [one for one in originals if one.finish_reason in ("found_error", "solution")]
        assert [row["label"] == -1 for row in found] == [
            one.finish_reason == "solution" and not has_step_corrected_to_bad(one) for one in finished
        ]


def has_step_corrected_to_bad(record):
    """As one published line has: the labeler wrote a step, and somebody found later that it is wrong."""
    return any(step.human_completion and step.human_completion.corrected_rating == -1 for step in record.steps)
