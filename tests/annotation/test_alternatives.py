"""Phase 2: at the first error other steps for the same place are rated too; and what a label says beyond PRM800K."""

import json

import pytest

from annotation.models import LabelExtension, OptionSet, StepRating
from annotation.services import judgements, labeling, options, queue
from annotation.services.judgements import Rating
from tests import factories
from tests.annotation.prm800k import exported

pytestmark = pytest.mark.django_db

FIRST, BAD, LAST = "We begin.", "We go wrong.", "So it is.\n\n# Answer\n\n3"
BESIDE = ["We go right.", "We go round.", "We stand still."]


@pytest.fixture
def assignment(alice):
    """A solution whose second step has three others in the pool."""
    (slot,) = factories.queued(alice.project, 1, steps=[FIRST, BAD, LAST])
    for text in BESIDE:
        factories.solution(problem_=slot.solution.problem, steps=[FIRST, text, LAST])
    return queue.claim_next(project=alice.project, by=alice)


def slot_of(alice, assignment):
    return labeling.held_slot(project=alice.project, by=alice, slot=assignment.slot, lease_token=assignment.lease_token)


def offered(alice, assignment, step=1):
    return options.alternatives_at(slot=slot_of(alice, assignment), step=step)


def rated(*beside, path=(1, -1), **values):
    return factories.judgement(path, *beside, **values)


def beside(ratings=(1, 0, -1), flagged=(), step=1):
    return [
        Rating(step=step, option=option, rating=rating, flagged=option in flagged)
        for option, rating in enumerate(ratings, 1)
    ]


def hand_in(by, assignment, judgement):
    return factories.hand_in(by, assignment, judgement).label


def test_the_alternatives_are_other_steps_for_the_same_place(alice, assignment):
    found = offered(alice, assignment)

    assert found.is_ready
    assert sorted(found.texts) == sorted(BESIDE)
    assert offered(alice, assignment, step=0).texts == []


def test_alternatives_that_were_shown_may_be_rated_though_a_lead_asks_for_fewer_now(alice, assignment):
    offered(alice, assignment)
    alice.project.alternatives = 1
    alice.project.save()

    label = hand_in(alice, assignment, rated(*beside(), shown={"alternatives": 3}))

    assert StepRating.objects.filter(label=label, option__gt=0).count() == 3


def test_no_more_alternatives_are_offered_than_the_project_wants(alice, assignment):
    assert len(offered(alice, assignment).texts) == 3
    alice.project.alternatives = 2
    alice.project.save()

    assert len(offered(alice, assignment).texts) == 2


def test_a_project_that_wants_none_asks_for_none(alice, assignment):
    alice.project.alternatives = 0
    alice.project.save()

    assert (offered(alice, assignment).texts, offered(alice, assignment).is_ready) == ([], True)
    assert not OptionSet.objects.exists()


@pytest.mark.parametrize("step", [-1, 3])
def test_a_step_that_is_not_there_has_no_alternatives(alice, assignment, step):
    with pytest.raises(options.NoSuchStep):
        offered(alice, assignment, step=step)


def test_the_alternatives_are_stored_with_the_texts_that_the_server_knows(alice, assignment):
    texts = offered(alice, assignment).texts

    hand_in(alice, assignment, rated(*beside((1, 0, -1), flagged={2})))

    fields = ("step", "option", "text", "rating", "flagged", "chosen")
    assert list(StepRating.objects.order_by("step", "option").values_list(*fields)) == [
        (0, 0, None, 1, None, True),
        (1, 0, None, -1, None, False),
        (1, 1, texts[0], 1, False, False),
        (1, 2, texts[1], 0, True, False),
        (1, 3, texts[2], -1, False, False),
    ]


def test_they_are_published_after_the_step_that_was_pre_generated(alice, assignment):
    texts = offered(alice, assignment).texts
    hand_in(alice, assignment, rated(*beside((1, 0, -1), flagged={2})))

    (line,) = exported(alice.project)

    first, last = line["label"]["steps"]
    assert [one["text"] for one in first["completions"]] == [FIRST]
    assert last == {
        "completions": [
            {"text": BAD, "rating": -1, "flagged": None},
            {"text": texts[0], "rating": 1, "flagged": False},
            {"text": texts[1], "rating": 0, "flagged": True},
            {"text": texts[2], "rating": -1, "flagged": False},
        ],
        "human_completion": None,
        "chosen_completion": None,
    }


@pytest.mark.parametrize(
    ("judgement", "sentence"),
    [
        (rated(*beside((1, 0))), "rate all alternatives"),
        (rated(*beside((1, 0, None))), "rate all alternatives"),
        (rated(*beside((1, 0, 1, 1))), "those offered at the error"),
        (rated(*beside()[::-1]), "those offered at the error"),
        (rated(*beside((1, 0)), beside((1, 0))[1]), "those offered at the error"),
        (rated(*beside(step=0)), "those offered at the error"),
        (rated(*beside((1, 0)), Rating(1, 1, option=3, text="Mine.")), "rate all alternatives"),
        (rated(*beside(), path=(-1,)), "offered at the error"),
        (rated(*beside(step=2), path=(1, 1, 1)), "Only a label that found an error"),
        (rated(*beside(), finish_reason="give_up", reason="Lost."), "Only a label that found an error"),
        (rated(*beside(), finish_reason="bad_problem", reason="Vague."), "Only a label that found an error"),
        (rated(*beside(step=9_999)), "those offered at the error"),
    ],
)
def test_alternatives_are_all_rated_where_the_error_is_or_the_label_is_refused(alice, assignment, judgement, sentence):
    with pytest.raises(judgements.IncompleteLabel, match=sentence):
        hand_in(alice, assignment, judgement)

    assert not StepRating.objects.exists()


def test_the_step_of_the_solution_itself_is_not_flagged(alice, assignment):
    judgement = factories.judgement((), Rating(0, -1, flagged=True), finish_reason="found_error")

    with pytest.raises(judgements.IncompleteLabel, match="cannot be flagged"):
        hand_in(alice, assignment, judgement)


def test_a_label_without_alternatives_is_kept_whoever_could_not_load_them(alice, assignment):
    offered(alice, assignment)

    hand_in(alice, assignment, rated())

    assert StepRating.objects.count() == 2


def test_alternatives_that_the_generator_still_writes_cannot_be_rated(alice, assignment):
    alice.project.generator, alice.project.alternatives = "toy", 5
    alice.project.save()
    assert not offered(alice, assignment).is_ready

    with pytest.raises(judgements.IncompleteLabel, match="not there yet"):
        hand_in(alice, assignment, rated(*beside()))


PROGRESS = {"points": 3, "rating": 2}
CRITIQUES = {"rated": [{"text": "The sign is wrong.", "rating": -1}], "own": "It forgets the carry."}


def test_progress_and_critiques_are_kept_beside_the_label_and_not_in_its_line(alice, assignment):
    label = hand_in(alice, assignment, rated(extensions={"progress": PROGRESS, "critiques": CRITIQUES}))

    stored = dict(LabelExtension.objects.filter(label=label).values_list("kind", "body"))
    (line,) = exported(alice.project)
    assert stored == {"progress": PROGRESS, "critiques": CRITIQUES}
    assert "carry" not in json.dumps(line)
    assert "progress" not in json.dumps(line)


def test_what_was_not_asked_is_not_kept(alice, assignment):
    hand_in(alice, assignment, rated(extensions={"progress": None, "critiques": None}))

    assert not LabelExtension.objects.exists()


@pytest.mark.parametrize("shown", [[], [{"text": "The sign is wrong.", "rating": 0}]])
def test_where_no_explanation_is_great_the_labeler_writes_one(alice, assignment, shown):
    with pytest.raises(judgements.IncompleteLabel, match="please write one"):
        hand_in(alice, assignment, rated(extensions={"critiques": {"rated": shown, "own": " "}}))

    hand_in(alice, assignment, rated(extensions={"critiques": {"rated": shown, "own": "It is."}}))


def test_a_great_explanation_needs_none_of_ones_own(alice, assignment):
    shown = [{"text": "The sign is wrong.", "rating": 1}]

    hand_in(alice, assignment, rated(extensions={"critiques": {"rated": shown, "own": ""}}))

    assert LabelExtension.objects.get().body["own"] == ""


def test_without_the_extensions_there_is_no_label(alice, assignment, monkeypatch):
    def broken(*_, **__):
        raise RuntimeError("the last write fails")

    monkeypatch.setattr(LabelExtension.objects, "bulk_create", broken)
    with pytest.raises(RuntimeError):
        hand_in(alice, assignment, rated(extensions={"progress": PROGRESS}))

    assert not StepRating.objects.exists()
