"""How well labelers agree with what is known, and what follows from it (rows F5, F6, F7, F8)."""

from collections import Counter
from datetime import timedelta

import pytest
from django.utils import timezone

from annotation.models import AuditEvent, Exclusion, Gold, GoldJudgement, Label, Labeler, Slot
from annotation.models.labelers import LabelerState
from annotation.models.quality import GoldKind
from annotation.models.snapshots import View
from annotation.queries import mistakes as mistake_queries
from annotation.queries import quality as queries
from annotation.services import gold, labelers, quality, queue
from annotation.services.export_views import lines_of_view
from tests import factories
from tests.annotation.test_gold import Always, held_gold

pytestmark = pytest.mark.django_db


@pytest.fixture
def ten(alice):
    """Ten hidden ones wait for alice; ten are enough to say something."""
    for _ in range(16):
        factories.gold(alice.project)
    alice.project.quality_items_per_round = 16
    alice.project.save()
    factories.queued(alice.project, 30)
    return alice


def judged(labeler, *agrees):
    """Labels of gold, one for each answer; stops where the labeler gets no more."""
    given = []
    for one in agrees:
        held = queue.claim_next(project=labeler.project, by=labeler, luck=Always())
        while Slot.objects.get(pk=held.slot).arm != "gold":
            factories.submit(labeler, held, (1, -1))
            held = queue.claim_next(project=labeler.project, by=labeler, luck=Always())
        given.append(factories.submit(labeler, held, (1, -1) if one else (1, 1, 1)).label)
    return given


def state(labeler):
    return Labeler.objects.values_list("state", "paused_because").get(pk=labeler.pk)


# The running score -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("agreed", "of", "low", "high"),
    [(0, 10, 0.0, 0.2775), (5, 10, 0.2366, 0.7634), (10, 10, 0.7225, 1.0), (81, 263, 0.2553, 0.3662), (0, 0, 0.0, 1.0)],
)
def test_f5_the_interval_is_that_of_wilson(agreed, of, low, high):
    """81 of 263 are the example of Newcombe (1998), Table I, method 3; the others are its closed form by hand."""
    assert queries.wilson(agreed, of) == pytest.approx((low, high), abs=5e-5)


def test_f5_whose_interval_lies_below_what_is_wanted_is_paused_and_nothing_is_deleted(ten):
    judged(ten, *[True] * 4, *[False] * 6)  # 4 of 10: 16.8 % to 68.7 %

    assert state(ten)[0] == LabelerState.PAUSED
    assert state(ten)[1].startswith("Quality control: 4 of the last 10 agree with what is known (17% to 69%)")
    with pytest.raises(queue.LabelerPaused):
        queue.next_work(project=ten.project, by=Labeler.objects.get(pk=ten.pk))
    event = AuditEvent.objects.get(action="pause labeler")
    assert (event.actor, event.target) == (None, str(ten.pseudonym))
    assert Label.objects.filter(labeler=ten, purpose="quality_control").count() == 10
    assert GoldJudgement.objects.filter(labeler=ten).count() == 10


def test_f5_one_miss_or_a_few_pause_nobody_and_neither_do_nine(ten):
    judged(ten, *[False] * 9)
    assert state(ten) == (LabelerState.ACTIVE, "")
    assert queries.running_score(ten) == queries.Agreement(0, 9)


def test_f5_who_is_below_by_chance_alone_goes_on(ten):
    judged(ten, *[False] * 5, *[True] * 5)  # half of ten: 23.7 % to 76.3 %, and three quarters are wanted

    assert state(ten)[0] == LabelerState.ACTIVE
    page = queries.quality_page(ten.project)
    assert [one.is_doubtful for one in page.labelers] == [True]


def test_f5_what_is_wanted_is_set_by_a_lead(ten):
    ten.project.quality_least, ten.project.quality_pass = 3, 0.6
    ten.project.save()

    judged(ten, False, False, False)

    assert state(ten)[0] == LabelerState.PAUSED


def test_f5_only_the_newest_count(ten, monkeypatch):
    monkeypatch.setattr(queries, "WINDOW", 4)
    judged(ten, False, False, True, True, True, False)

    assert queries.running_score(ten) == queries.Agreement(3, 4)
    (row,) = queries.quality_page(ten.project).labelers
    assert row.score == queries.Agreement(3, 4)


def test_f5_what_labelers_are_told_about_measures_nothing(ten, dana):
    judged(ten, False, False)
    for one in Gold.objects.filter(goldjudgement__isnull=False):
        gold.change_gold(gold=one, kind=GoldKind.VISIBLE, error_steps=one.error_steps, explanation="So.", by=dana)

    assert queries.running_score(ten) == queries.Agreement(0, 0)


@pytest.mark.django_db(transaction=True)
def test_f5_who_is_reinstated_begins_anew(ten, dana):
    judged(ten, *[False] * 10)
    assert state(ten)[0] == LabelerState.PAUSED

    labelers.reinstate(labeler=ten, by=dana)
    again = Labeler.objects.select_related("project").get(pk=ten.pk)
    judged(again, False, True)

    assert state(ten) == (LabelerState.ACTIVE, "")
    assert queries.running_score(again) == queries.Agreement(1, 2)
    (row,) = queries.quality_page(ten.project).labelers
    assert row.score == queries.Agreement(1, 2)


def test_f5_the_page_counts_its_queries(ten, bob, dana, django_assert_num_queries):
    judged(ten, True, False)
    quality.exclude(labeler=bob, since=timezone.now(), reason="Trial.", by=dana)

    # people · their history · scores · screenings · exclusions · labels that these leave out · gold
    with django_assert_num_queries(7):
        page = queries.quality_page(ten.project)

    assert [(one.labeler, one.score) for one in page.labelers] == [
        (ten, queries.Agreement(1, 2)),
        (bob, queries.Agreement(0, 0)),
    ]
    assert page.live["hidden"] == 16


# What trains ---------------------------------------------------------------------------------------------------------------


def training(project, view=View.TRAINING):
    left_out = Counter()
    lines = list(lines_of_view(project=project, view=view, excluded=left_out))
    return len(lines), dict(left_out)


def test_f6_labels_of_quality_control_and_of_screening_never_train(alice):
    factories.gold(alice.project)
    factories.queued(alice.project, 2)
    factories.submit(alice, held_gold(alice), (1, -1))
    factories.label(alice)
    new = factories.screened(alice.project, 2)
    factories.answer(new)

    assert training(alice.project) == (1, {"quality control": 1, "screening": 1})
    assert Label.objects.for_training().filter(project=alice.project).count() == 1
    assert training(alice.project, View.RAW) == (3, {})


def test_f7_from_a_day_on_the_labels_of_somebody_train_no_more_until_it_is_lifted(alice, bob, dana):
    factories.queued(alice.project, 6)
    for by in (alice, bob, alice):
        factories.label(by)
    moment = timezone.now()
    for by in (alice, bob):
        factories.label(by)
    assert training(alice.project) == (5, {})

    quality.exclude(labeler=alice, since=moment, reason="Clicked through.", by=dana)

    assert training(alice.project) == (4, {"labeler excluded": 1})
    assert Label.objects.for_training().count() == 4
    assert training(alice.project, View.RAW) == (5, {})
    assert Label.objects.count() == 5
    (row, _bob) = queries.quality_page(alice.project).labelers
    assert (row.exclusion.reason, row.excluded_labels) == ("Clicked through.", 1)

    quality.lift_exclusion(labeler=alice, by=dana)

    assert training(alice.project) == (5, {})
    assert Label.objects.for_training().count() == 5
    actions = AuditEvent.objects.filter(actor=dana).order_by("pk").values_list("action", "target")
    assert list(actions) == [("exclude labels", str(alice.pseudonym)), ("lift exclusion", str(alice.pseudonym))]
    assert Exclusion.objects.get().lifted_by == dana


def test_f7_an_exclusion_has_a_reason_and_a_day_that_has_come_and_stands_once(alice, dana):
    now = timezone.now()
    with pytest.raises(quality.NoReasonGiven):
        quality.exclude(labeler=alice, since=now, reason="  ", by=dana)
    with pytest.raises(quality.DayToCome):
        quality.exclude(labeler=alice, since=now + timedelta(days=1), reason="Soon.", by=dana)
    with pytest.raises(quality.NotExcluded):
        quality.lift_exclusion(labeler=alice, by=dana)
    assert not Exclusion.objects.exists()

    quality.exclude(labeler=alice, since=now, reason="Now.", by=dana)

    with pytest.raises(quality.ExcludedAlready):
        quality.exclude(labeler=alice, since=now, reason="Twice.", by=dana)


# Mistakes ------------------------------------------------------------------------------------------------------------------


def test_f8_mistakes_are_told_by_solution_and_answer(project, alice, bob, dana):
    text = "What is $1+1$?"
    missed = factories.gold(project, error_steps=[1], problem_=factories.problem(project, text=text))
    factories.queued(project, 2)
    for labeler, ratings in ((alice, (1, 0, 1)), (bob, (-1,))):
        factories.submit(labeler, held_gold(labeler), ratings)

    report = mistake_queries.mistakes(project)

    (item,) = report.items
    assert (item.gold, item.judged, item.missed) == (missed, 2, 2)
    assert [(one.words, one.labels) for one in item.answers] == [("no error", 1), ("error at step 1", 1)]
    assert item.known == "error at step 2"
    # Known to be bad: step 2 (rated okay once). Known to be good: step 1 (rated great once, bad once).
    assert report.confusion == {"bad": {-1: 0, 0: 1, 1: 0}, "good": {-1: 1, 0: 0, 1: 1}}


def test_f8_what_all_agree_with_is_no_mistake_and_steps_between_acceptable_ones_say_nothing(project, alice):
    factories.gold(project, error_steps=[0, 2])
    factories.queued(project, 1)
    factories.submit(alice, held_gold(alice), (0, 1, -1))

    report = mistake_queries.mistakes(project)

    assert report.items == []
    assert report.judged == 1
    assert report.confusion == {"bad": {-1: 1, 0: 0, 1: 0}, "good": {-1: 0, 0: 0, 1: 0}}


def test_f8_the_lesson_holds_only_what_does_not_measure_any_more(project, alice, dana):
    one = factories.gold(project, problem_=factories.problem(project, text="What is $6\\cdot 7$?"))
    factories.queued(project, 1)
    factories.submit(alice, held_gold(alice), (1, 1, 1))
    assert mistake_queries.lesson(mistake_queries.mistakes(project)) == ""

    gold.change_gold(gold=one, kind=GoldKind.VISIBLE, error_steps=[1], explanation="Six is not seven.", by=dana)

    text = mistake_queries.lesson(mistake_queries.mistakes(project))
    assert text.startswith("# Mistakes that many made")
    for part in ("What is $6\\cdot 7$?", "- Another step.", "Six is not seven.", "1 of 1"):
        assert part in text
