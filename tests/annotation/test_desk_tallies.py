"""N3: large projects are added up ahead of time, and a page reads the same figures either way."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pgtrigger
import pytest
from django.db.models import F

from annotation.models import (
    GoldJudgement,
    Label,
    ModelVersion,
    Round,
    Solution,
    SolutionScore,
    StepRating,
    Tally,
    TallyRun,
)
from annotation.queries import desk, forecast, people_figures, picks, round_outlook, tallies, version_scores
from annotation.services import quality, queue
from annotation.services import tallies as services
from tests import factories

NOW = datetime.now(UTC)


def corrected(first, rating, **values):
    """The label superseded by one that ends at the end."""
    fields = ("project", "slot", "solution", "labeler", "phase", "purpose")
    second = Label.objects.create(
        **{field: getattr(first, field) for field in fields},
        id=uuid4(),
        supersedes=first,
        finish_reason="solution",
        **{"total_time_ms": 1} | values,
        payload_hash=bytes(32),
    )
    StepRating.objects.create(label=second, step=0, rating=rating)
    return second


@pytest.fixture
def busy(project, alice, bob):
    """Rounds, a correction, quality control, something held, somebody else's project."""
    factories.queued(project, 5, grade="wrong")
    factories.label(alice, (1, -1), active_ms=900)
    corrected(factories.label(alice, (1, 0, -1)), 1)
    factories.label(bob, (1, 1, 1), active_ms=500)
    factories.queued(project, 3, grade="correct")
    queue.claim_next(project=project, by=alice)
    elsewhere = factories.member(factories.project(), "labeler")
    factories.queued(elsewhere.project, 2)
    factories.label(elsewhere)
    return project


def pages(project):
    """All that reads tallies, without the time at which they were made."""
    standing = desk.standing(project, now=NOW)
    people = people_figures.people(project, today=NOW.date(), window=28)
    return [
        (standing.stock, standing.rounds, standing.total, standing.imported, standing.days),
        (people.rows, people.total),
        replace(round_outlook.outlook(project), as_of=None),
    ]


def test_n3_kept_tallies_say_what_adding_up_at_once_says(busy):
    at_once = pages(busy)
    run = services.renew(project=busy)

    assert pages(busy) == at_once
    assert desk.standing(busy, now=NOW).as_of == run.as_of
    assert Tally.objects.exclude(project=busy).count() == 0


def test_n3_kept_tallies_stand_still_until_the_next_run(busy, bob):
    services.renew(project=busy)
    before = desk.standing(busy, now=NOW).total.labels
    factories.label(bob)

    assert desk.standing(busy, now=NOW).total.labels == before
    services.renew(project=busy)
    assert desk.standing(busy, now=NOW).total.labels == before + 1


def test_n3_only_large_projects_are_kept_and_after_a_pause_renewed(busy, monkeypatch):
    assert services.renew_due() == 0
    monkeypatch.setattr(services, "LARGE", 4)

    assert services.renew_due() == 0  # the project has three, and a correction
    monkeypatch.setattr(services, "LARGE", 3)
    assert services.renew_due() == 1
    assert services.renew_due() == 0
    TallyRun.objects.update(as_of=F("as_of") - timedelta(minutes=2))
    assert services.renew_due() == 1
    TallyRun.objects.update(as_of=F("as_of") - timedelta(minutes=2), took_ms=60_000)
    assert services.renew_due() == 0


def test_n3_labels_of_one_solution_are_compared_in_pairs(project, alice, bob):
    carol = factories.member(project, "labeler", "carol")
    solution = factories.solution(project)
    for by, steps in ((alice, (1, -1)), (bob, (1, -1)), (carol, (1, 1))):
        label = Label.objects.create(
            id=uuid4(),
            project=project,
            solution=solution,
            labeler=by,
            origin="import",
            phase=2,
            finish_reason="found_error" if -1 in steps else "solution",
            total_time_ms=1,
            payload_hash=bytes(32),
        )
        StepRating.objects.bulk_create([StepRating(label=label, step=n, rating=one) for n, one in enumerate(steps)])

    found = {cell.labeler_id: cell.sums for cell in tallies.cells(project, None, by=["labeler_id"])}

    assert {(one.pairs, one.alike) for one in (found[alice.pk], found[bob.pk])} == {(2, 1)}
    assert (found[carol.pk].pairs, found[carol.pk].alike) == (2, 0)


def test_n3_what_was_superseded_is_given_and_does_not_stand(project, alice):
    factories.queued(project)
    corrected(factories.label(alice, (1, -1)), 1)

    total = tallies.total(tallies.cells(project, None, by=["day"]))

    assert (total.given, total.labels, total.found_errors, total.rated_steps) == (1, 1, 0, 1)


def test_n3_the_time_of_a_correction_is_on_its_own_day_as_far_as_it_was_added(project, alice):
    factories.queued(project)
    first = factories.label(alice, (1, -1), active_ms=900)
    day_before = NOW - timedelta(days=1)
    with pgtrigger.ignore("annotation.Label:append_only"):
        Label.objects.filter(pk=first.pk).update(created_at=day_before)
    corrected(first, 1, active_ms=1000, total_time_ms=1000)

    found = {cell.day: cell.sums for cell in tallies.cells(project, None, by=["day"])}

    assert (found[day_before.date()].active_ms, found[NOW.date()].active_ms) == (900, 100)
    assert found[NOW.date()].labels == 1


def test_n3_a_step_is_rated_once_however_many_alternatives_are_rated_beside_it(project, alice):
    factories.queued(project)
    label = factories.label(alice, (1, -1), active_ms=1000)
    StepRating.objects.bulk_create(StepRating(label=label, step=1, option=n, text="x", rating=1) for n in (1, 2))

    total = tallies.total(tallies.cells(project, None, by=["day"]))

    assert (total.rated_steps, total.good_steps) == (2, 1)
    assert [one.rated_steps for one in forecast.newest(project)] == [2]


def test_n3_labels_of_who_is_excluded_are_compared_with_nobodys(project, alice, bob, dana):
    factories.disagreement(alice, bob)
    quality.exclude(labeler=bob, since=NOW - timedelta(days=1), reason="Clicked.", by=dana)

    assert tallies.total(tallies.cells(project, None, by=["labeler_id"])).pairs == 0


def test_n3_practice_is_no_quality(alice, dana):
    made = factories.gold(alice.project, "visible")
    label = Label.objects.create(
        id=uuid4(),
        project=alice.project,
        solution=made.solution,
        labeler=alice,
        origin="import",
        phase=2,
        finish_reason="solution",
        purpose="quality_control",
        total_time_ms=1,
        payload_hash=bytes(32),
    )
    GoldJudgement.objects.create(project=alice.project, gold=made, label=label, labeler=alice, agrees=False)

    (person,) = people_figures.people(alice.project, today=NOW.date(), window=7).rows

    assert person.judged == 0


def test_n3_sums_are_asked_for_by_what_there_is(project):
    with pytest.raises(ValueError, match="solution"):
        tallies.cells(project, None, by=["solution_id; DROP TABLE annotation_label"])


def test_n3_the_pool_of_the_next_round_is_counted_with_the_tallies(busy, django_assert_num_queries):
    at_once = round_outlook.outlook(busy)
    run = services.renew(project=busy)

    # the run · waiting · replaced
    with django_assert_num_queries(3):
        assert round_outlook.outlook(busy) == replace(at_once, as_of=run.as_of)
    assert at_once.pool


def test_n3_a_run_in_between_adds_up_the_days_that_may_have_changed(busy, alice, bob):
    services.renew(project=busy)
    old = Tally.objects.first()
    Tally.objects.create(**{field.name: getattr(old, field.name) for field in Tally._meta.fields if field.name != "id"})
    Tally.objects.filter(pk=Tally.objects.latest("pk").pk).update(day=NOW.date() - timedelta(days=3), labels=1000)
    corrected(factories.label(bob, (1, -1), active_ms=700), 0)
    run = services.renew(project=busy, whole=False)

    found = tallies.cells(busy, run, by=["day"])

    assert {cell.day for cell in found} == {NOW.date(), NOW.date() - timedelta(days=3)}
    assert sum(cell.sums.labels for cell in found if cell.day == NOW.date()) == 4
    whole = services.renew(project=busy)
    assert tallies.total(tallies.cells(busy, whole, by=["day"])).labels == 4


def test_n3_labels_of_some_days_are_compared_with_those_of_days_before(project, alice, bob):
    solution = factories.disagreement(alice, bob)
    Tally.objects.all().delete()

    everything = tallies.cells(project, None, by=["labeler_id"])
    of_today = tallies.cells(project, None, by=["labeler_id"], since=NOW.date())

    assert [cell.sums for cell in everything] == [cell.sums for cell in of_today]
    assert sum(cell.sums.pairs for cell in of_today) == 2
    assert solution


def test_n3_the_whole_is_added_up_anew_every_few_hours(busy, monkeypatch):
    monkeypatch.setattr(services, "LARGE", 1)
    services.renew_due()
    first = TallyRun.objects.get().counts["whole_at"]
    TallyRun.objects.update(as_of=F("as_of") - timedelta(hours=1))
    services.renew_due()
    assert TallyRun.objects.get().counts["whole_at"] == first

    run = TallyRun.objects.get()
    run.counts["whole_at"] = (run.as_of - timedelta(hours=7)).isoformat()
    run.as_of -= timedelta(minutes=5)
    run.save()
    services.renew_due()
    assert TallyRun.objects.get().counts["whole_at"] == first  # one transaction, one time


def test_n3_what_is_labeled_of_a_round_is_read_from_the_tallies(busy):
    found = list(Round.objects.filter(project=busy).select_related("project"))
    at_once = picks.judged(found)
    services.renew(project=busy)

    assert picks.judged(found) == at_once
    assert at_once[found[0].pk] == picks.Judged(labels=3, with_error=1)
    assert picks.judged([]) == {}


def test_n3_the_scores_of_models_are_counted_with_the_tallies(busy, django_assert_num_queries):
    version = ModelVersion.objects.create(
        project=busy, checkpoint="x", sha256="a" * 64, data_sha256="b" * 64, base="toy"
    )
    for place, solution in enumerate(Solution.objects.filter(project=busy).order_by("pk")):
        SolutionScore.objects.create(
            project=busy,
            solution=solution,
            version=version,
            product=1 - place / 10,
            minimum=1 - place / 10,
            probabilities=[],
        )
    at_once = version_scores.scores(version)
    run = services.renew(project=busy)

    # run · both lists
    with django_assert_num_queries(3):
        kept = version_scores.scores(version)
    assert kept == replace(at_once, as_of=run.as_of)
    assert (at_once.low_steps.count, at_once.high_scores.count, at_once.spread.scored) == (2, 5, 8)
    assert services.renew(project=busy, whole=False).counts["scores"].keys() == {str(version.pk)}


def test_n3_many_scores_make_a_project_large(busy, monkeypatch):
    version = ModelVersion.objects.create(
        project=busy, checkpoint="x", sha256="a" * 64, data_sha256="b" * 64, base="toy"
    )
    for solution in Solution.objects.filter(project=busy)[:2]:
        SolutionScore.objects.create(
            project=busy, solution=solution, version=version, product=0.5, minimum=0.5, probabilities=[]
        )

    monkeypatch.setattr(services, "MANY_SCORES", 2)
    assert services.renew_due() == 0
    monkeypatch.setattr(services, "MANY_SCORES", 1)
    assert services.renew_due() == 1
