"""D2: what we write ourselves and what was published is taken whole, and comes out as it went in."""

import json
import uuid
from collections import Counter
from dataclasses import replace
from functools import partial

import pytest
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from annotation.models import Label
from annotation.models.imports import ImportKind
from annotation.models.snapshots import View
from annotation.services import export_views, exporting, import_work, rounds
from annotation.services.import_batches import Choices
from tests import factories
from tests.active_learning.test_records import COMPLETION, HUMAN, TEXT
from tests.annotation.test_exporting_views import ORIGINALS, phase_1_label
from tests.annotation.test_importing_labels import line
from tests.shared_data import SHARED

# An export begins its own transaction. What the examples leave behind, each in projects of its own, goes with the test.
pytestmark = pytest.mark.django_db(transaction=True)
WORDS = TEXT.filter(str.strip)
REASONS = st.sampled_from(["found_error", "solution", "bad_problem", "give_up"])


@st.composite
def steps(draw):
    completions = draw(st.none() | st.lists(COMPLETION, max_size=3))
    chosen = draw(st.none() | st.integers(0, len(completions) - 1)) if completions else None
    human = draw(st.none() | TEXT | HUMAN)
    return {"completions": completions, "human_completion": human, "chosen_completion": chosen}


@st.composite
def published(draw):
    """A line of the format with whatever it allows; many break the rules that published lines keep."""
    phase = draw(st.sampled_from([1, 2]))
    question = {"problem": draw(WORDS), "ground_truth_answer": draw(st.none() | TEXT)}
    if phase == 2:
        question |= {"ground_truth_solution": draw(st.none() | TEXT), "pre_generated_answer": draw(st.none() | TEXT)}
        question |= {"pre_generated_steps": draw(st.lists(TEXT, max_size=4))}
        question |= {"pre_generated_verifier_score": draw(st.none() | st.floats(0, 1))}
    return line(
        steps=draw(st.lists(steps(), max_size=4)),
        phase=phase,
        question=question,
        finish_reason=draw(REASONS),
        labeler=str(draw(st.uuids())),
        timestamp=draw(st.datetimes()).isoformat(timespec="microseconds"),
        generation=draw(st.none() | st.integers(-1, 20)),
        is_quality_control_question=draw(st.booleans()),
        is_initial_screening_question=draw(st.booleans()),
    )


@st.composite
def judged(draw):
    """A problem, a solution of it, and what somebody says of each step."""
    texts = draw(st.lists(WORDS, min_size=1, max_size=5))
    good = draw(st.lists(st.sampled_from([0, 1]), min_size=len(texts) - 1, max_size=len(texts) - 1))
    ratings = (*good, 1)
    if draw(st.booleans()):
        ratings = (*good[: draw(st.integers(0, len(good)))], -1)
    answers = [draw(st.none() | TEXT) for _ in range(2)]
    return {"text": draw(WORDS), "reference": draw(TEXT), "steps": texts, "answers": answers, "ratings": ratings}


def of_one_truth(lines):
    """Of lines that give a problem different truths the first to come in is believed, which a report says; but an export
    has an order of its own."""
    truths, told = {}, [json.loads(one) for one in lines]
    for question in (one["question"] for one in told):
        truth = {name: value for name, value in question.items() if name.startswith("ground_truth")}
        question |= truths.setdefault((question["problem"], *truth), truth)
        question["problem"] += "" if "ground_truth_solution" in truth else " (phase 1)"  # where no solution is told
    return [json.dumps(one).encode() for one in told]


PROJECTS = st.tuples(st.lists(published(), max_size=3).map(of_one_truth), st.lists(judged(), max_size=2), st.booleans())


def collect(labeler, work):
    """Each is handed out and labeled."""
    made = []
    for one in work:
        answer, final = one["answers"]
        text = f"{one['text']} {uuid.uuid4()}"
        problem = factories.problem(labeler.project, text=text, answer=answer, reference_solution=one["reference"])
        made.append(factories.solution(problem_=problem, steps=one["steps"], answer=final))
    if made:
        started, job = factories.running_round(labeler.project)
        picks = [rounds.Pick(one.pk, "remaining", 1.0 - place / 9, {}) for place, one in enumerate(made)]
        rounds.fill_round(round=started, job=job, version=None, picks=picks, report={})
    for one in work:
        factories.label(labeler, one["ratings"])


def bring_in(project, path):
    report = import_work.import_file(project=project, path=path, by=None, choices=Choices(ImportKind.LABELS, "train"))
    assert report.refused == []
    return report


def exported(project, folder, *, gzip=False):
    """The content of every file of labels, by its name."""
    exporting.export_labels(project=project, view=View.RAW, out_dir=folder, gzip=gzip)
    return {path.name: path.read_bytes() for path in sorted(folder.glob("phase*"))}


def held(project):
    """What the rows say of every label. A solution of phase 1 is what was chosen, and stands in the ratings."""
    labels = Label.objects.filter(project=project).select_related("labeler", "solution__problem")
    return sorted(_told(label) for label in labels)


def _told(label):
    solution, problem = label.solution, label.solution.problem
    fields = ("step", "option", "text", "rating", "flagged", "chosen", "human")
    ratings = [list(row) for row in label.steprating_set.order_by("step", "option").values_list(*fields)]
    for rating in ratings:
        rating[2] = solution.steps[rating[0]] if rating[2] is None else rating[2]
    about = [label.phase, label.purpose, label.finish_reason, label.total_time_ms, str(label.labeler.pseudonym)]
    about += [problem.text, problem.answer, problem.reference_solution if label.phase == 2 else ""]
    return json.dumps([*about, [solution.steps, solution.answer] if label.phase == 2 else [], ratings])


def goes_round(tmp_path, counts, told):
    """One project there and back; raises AssertionError."""
    lines, work, packed = told
    folder = tmp_path / uuid.uuid4().hex
    folder.mkdir()
    project, other = factories.project(), factories.project()
    labeler = factories.member(project, "labeler")
    if lines:
        source = folder / "arrived.jsonl"
        source.write_bytes(b"\n".join(lines))
        report = bring_in(project, source)
        assert report.created + report.already_there == len(lines)
    if packed:
        phase_1_label(labeler)
    collect(labeler, work)

    first = exported(project, folder / "first", gzip=packed)
    for name in first:
        bring_in(other, folder / "first" / name)
    second = exported(other, folder / "second", gzip=packed)

    assert second == first
    assert held(other) == held(project)
    counts["projects"] += 1
    counts["labels"] += len(held(project))


def explored(prove, examples, check):
    """Raises what the examples find."""
    wanted = settings(
        max_examples=examples,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
        print_blob=False,
    )
    wanted(seed(prove.seed)(given(PROJECTS)(lambda told: check(told))))()


# As the pages of the format have them: what real files hold though its description does not know it.
ODDITIES = {
    "a step without options": lambda step: step["completions"] is None,
    "an option without a rating": lambda step: None in [one["rating"] for one in step["completions"] or ()],
    "a flagged option": lambda step: True in [one["flagged"] for one in step["completions"] or ()],
    "a written step beside a chosen option": (
        lambda step: step["human_completion"] is not None and step["chosen_completion"] is not None
    ),
    "a corrected rating of a written step": lambda step: "corrected_rating" in (step["human_completion"] or {}),
}


def odd(lines):
    """In how many lines each oddity is."""
    steps = [json.loads(line)["label"]["steps"] for line in lines]
    return Counter(name for one in steps for name, holds in ODDITIES.items() if any(map(holds, one)))


def real_lines(tmp_path):
    """The published files that lie beside this checkout go round; a sentence."""
    files = [SHARED / "data" / "prm800k_original" / name for name in ORIGINALS]
    if not all(file.exists() for file in files):
        return "no published line: none lies beside this checkout (../shared)"
    known = Counter()
    for file in files:
        project, lines = factories.project(), file.read_bytes().splitlines(keepends=True)
        report = bring_in(project, file)
        assert (report.created, Counter(report.notes)) == (len(lines), odd(lines))
        assert list(exported(project, tmp_path / file.stem).values()) == [file.read_bytes()]
        known += odd(lines) + Counter(lines=len(lines))
    lines = known.pop("lines")
    return f"{lines} published lines byte for byte, {known.total()} oddities of {len(known)} kinds in them counted"


@pytest.mark.figure(
    "D2",
    "random projects and published PRM800K lines: export, import elsewhere, export",
    "0 refused, the same bytes and rows",
)
def test_d2_what_is_written_is_taken_and_comes_out_the_same(prove, tmp_path, monkeypatch, settings):
    settings.DATA_DIR = tmp_path / "data"
    prove.luck()
    counts = Counter()

    real = real_lines(tmp_path)
    explored(prove, prove.count(short=60, full=1000), partial(goes_round, tmp_path, counts))

    prove.measured(f"0 differences in {counts['projects']} projects with {counts['labels']} labels; {real}")
    assert counts["labels"] > counts["projects"]

    written = export_views.ordinary_line
    monkeypatch.setattr(export_views, "ordinary_line", lambda row: written(replace(row, reference="")))
    with pytest.raises(AssertionError):
        explored(prove, 100, partial(goes_round, tmp_path, Counter()))
    prove.control("a writer that leaves out the reference solution: found")
