"""Scripted people before the real site: who is admitted, who is paused, whose labels train, and who is noticed."""

from collections import Counter
from contextlib import ExitStack

import pytest

from annotation.models import AuditEvent, Gold, GoldJudgement, Label, Slot
from annotation.models.jobs import JobKind
from annotation.queries.behaviour import behaviour_page
from annotation.services import exporting
from tests import scripted
from tests.scripted import RACING
from workers import exports as export_work
from workers import rounds as round_work
from workers.duty import work_off

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.services, pytest.mark.slow]

NEVER_TRAINS = {"quality_control", "screening"}


@pytest.fixture
def enter(live_server, settings, tmp_path):
    """enter(project, name, think) → somebody who has signed in; they leave when the test ends."""
    settings.DATA_DIR = tmp_path
    with ExitStack() as everybody:
        yield lambda *who, **how: everybody.enter_context(scripted.at_the_site(live_server.url, *who, **how))


def run_round(staff, number):
    """ML staff starts a round of everything, and a worker does it."""
    assert staff.ask("rounds", problems=1000, per_problem=1, seed=7, by_chance=True).status == 201
    assert work_off(JobKind.ROUND, round_work) == 1
    seen = staff.browser.get(f"/api/v1/projects/{staff.slug}/rounds/{number}").body
    assert (seen["state"], seen["job"]["error"]) == ("done", "")


def standing(lead, person):
    """How a labeler stands, as the lead is told."""
    rows = lead.browser.get(f"/api/v1/projects/{lead.slug}/quality").body
    return next(row for row in rows if row["pseudonym"] == str(person.labeler.pseudonym))


def training_view(lead):
    """The dataset of what trains, as a worker makes it: how many labels, and why the others are left out."""
    asked = lead.ask("datasets", view="training")
    assert asked.status == 202
    assert work_off(JobKind.EXPORT, export_work) == 1
    made = lead.browser.get(f"/api/v1/projects/{lead.slug}/datasets/{asked.body['id']}").body
    assert made["job"]["state"] == "done"
    return made["labels"], made["excluded"]


def purposes(person):
    return Counter(Label.objects.filter(labeler=person.labeler).values_list("purpose", flat=True))


def is_gold(assignment):
    return Slot.objects.get(pk=assignment["slot"]).arm == "gold"


def shape(assignment):
    """Which names stand where in what a browser gets, and all that does not belong to the solution itself."""
    own = {"slot", "lease_token", "lease_until", "problem", "steps"}
    whole = {name: value for name, value in assignment.items() if name not in own}
    return str((sorted(assignment), sorted(assignment["problem"]), whole))


def test_f1_f2_f3_thirty_known_solutions_decide_at_three_quarters_who_may_work(enter):
    project = scripted.toy_project(screening=30, hidden=0, pool=3)
    mel, lead = enter(project, "mel", role="ml"), enter(project, "dana", role="lead")
    run_round(mel, 0)
    # 22 and 23 of 30 are the two sides of 75 %; the misses come first, so that nobody is decided about too early.
    failing = enter(project, "fay", scripted.then(scripted.wrong_on_purpose, 8, scripted.oracle))
    passing = enter(project, "peter", scripted.then(scripted.wrong_on_purpose, 7, scripted.a_step_late))

    for person in (failing, passing):
        person.work(29)
        assert purposes(person) == {"screening": 29}
        assert standing(lead, person)["admission"] == "screening"
        person.work(1)

    refused = failing.ask("claim")
    assert (refused.status, refused.body["code"]) == (403, "not_admitted")
    assert purposes(failing) == {"screening": 30}
    assert standing(lead, failing) | {"admission": "rejected"} == standing(lead, failing)
    assert (standing(lead, failing)["screening"]["agreed"], standing(lead, passing)["screening"]["agreed"]) == (22, 23)

    assert passing.work_off().body["assignment"] is None
    assert purposes(passing) == {"screening": 30, "production": 3}
    assert standing(lead, passing)["admission"] == "admitted"
    # Most of what the one who passed named was the step after the error, which the gold accepts, too (F2).
    named = GoldJudgement.objects.filter(labeler=passing.labeler, agrees=True, first_error__isnull=False)
    assert any(one.first_error == max(one.gold.error_steps) > min(one.gold.error_steps) for one in named)
    decided = AuditEvent.objects.filter(project=project, action="end screening").order_by("pk")
    assert [(one.details["agreed"], one.details["of"], one.details["wanted"]) for one in decided] == [
        (22, 30, 0.75),
        (23, 30, 0.75),
    ]
    # A lead may lower the bar and let them in: the decision is theirs, and it is written down.
    assert lead.ask(f"labelers/{failing.labeler.pseudonym}/admit").status == 204
    assert AuditEvent.objects.filter(action="admit labeler", actor__username="dana").count() == 1
    assert failing.ask("claim").status == 200


@pytest.mark.proof
def test_f4_to_f8_a_careless_labeler_is_paused_and_left_out_and_an_honest_one_works_on(enter, tmp_path):
    project = scripted.toy_project(screening=30, hidden=20, pool=40, overlap_share=0.5)
    mel, lead = enter(project, "mel", role="ml"), enter(project, "dana", role="lead")
    honest = enter(project, "hana", scripted.honest(0.02, seed=1))
    careless = enter(project, "carl", scripted.then(scripted.oracle, 30, scripted.clicking(seed=2)))
    for person in (honest, careless):
        person.work(30)
        assert purposes(person) == {"screening": 30}
        assert standing(lead, person)["admission"] == "admitted"
    run_round(mel, 0)
    assert Slot.objects.filter(arm="overlap").count() == 20  # half of the forty (F9)

    # F5: paused by the running score; whatever they gave stays.
    refused = careless.work_off()
    assert (refused.status, refused.body["code"]) == (403, "labeler_paused")
    stands, given = standing(lead, careless), purposes(careless)
    assert (stands["state"], stands["admission"]) == ("paused", "admitted")
    assert 10 <= stands["score"]["judged"] == given["quality_control"] <= 15
    assert stands["score"]["high"] < 0.75
    assert "Quality control" in stands["paused_because"]
    told = lead.browser.get(f"/api/v1/projects/{lead.slug}/troubles").body
    assert [(one["count"], one["is_urgent"]) for one in told if one["name"] == "paused"] == [(1, True)]
    assert given.total() == len(careless.given)

    # F4: the honest one sees the fifteen of the generation once each, among the others, and not to be told from them.
    assert honest.work_off().body["assignment"] is None
    seen = Gold.objects.filter(kind="hidden", solution__label__labeler=honest.labeler)
    assert seen.count() == seen.distinct().count() == purposes(honest)["quality_control"] == 15
    assert (standing(lead, honest)["state"], standing(lead, honest)["score"]["judged"]) == ("active", 15)
    served = honest.given[30:]
    known = [is_gold(one) for one in served]
    assert known.count(True) == 15
    assert len({shape(one) for one in served}) == 1
    assert not all(known[:15])
    assert not all(known[-15:])

    check_what_trains(project, lead, careless, tmp_path)
    check_lesson(lead, careless)


def check_what_trains(project, lead, careless, folder):
    """F6: neither what is known nor a screening. F7: nor what a lead leaves out from a moment on, until it is lifted."""
    counted, left_out = training_view(lead)
    assert counted == Label.objects.filter(purpose="production").count()
    assert sum(left_out.values()) == Label.objects.filter(purpose__in=NEVER_TRAINS).count()
    assert exporting.write_training_view(project=project, path=folder / "train.jsonl") == counted

    theirs = list(Label.objects.filter(labeler=careless.labeler, purpose="production").order_by("created_at"))
    since, after = theirs[4].created_at, len(theirs) - 4
    assert after > 0
    where = f"labelers/{careless.labeler.pseudonym}"
    assert lead.ask(f"{where}/exclude", since=since.isoformat(), reason="Clicked through.").status == 204
    assert training_view(lead) == (counted - after, left_out | {"labeler excluded": after})
    assert exporting.write_training_view(project=project, path=folder / "less.jsonl") == counted - after
    assert standing(lead, careless)["excluded_labels"] == after
    assert lead.ask(f"{where}/lift-exclusion").status == 204
    assert training_view(lead) == (counted, left_out)


def check_lesson(lead, careless):
    """F8: what was missed is told with what was said instead, and counted right."""
    told = lead.browser.get(f"/api/v1/projects/{lead.slug}/mistakes").body
    judged = GoldJudgement.objects.filter(label__purpose__in=NEVER_TRAINS)
    assert (told["judged"], told["missed"]) == (judged.count(), judged.filter(agrees=False).count())
    theirs = judged.filter(labeler=careless.labeler, agrees=False).select_related("gold").first()
    (item,) = [one for one in told["items"] if one["solution"] == theirs.gold.solution_id]
    assert theirs.first_error in [answer["first_error"] for answer in item["answers"]]


@pytest.mark.proof
def test_f13_cheats_are_noticed_and_honest_people_are_not(enter, client_for):
    project = scripted.toy_project(screening=30, hidden=0, pool=0)
    lead = enter(project, "dana", role="lead")
    of_one_mind = scripted.honest(0.5, seed=9)  # two accounts, one hand
    people = {
        "hana": enter(project, "hana", scripted.honest(0.02, seed=1)),
        "hugo": enter(project, "hugo", scripted.honest(0.04, seed=2)),
        "hope": enter(project, "hope", scripted.honest(0.08, seed=3)),
        "greta": enter(project, "greta", scripted.all_great),
        "rick": enter(project, "rick", scripted.oracle, ms=RACING),
        "tina": enter(project, "tina", of_one_mind),
        "toni": enter(project, "toni", of_one_mind),
    }

    for person in people.values():
        person.work(30)

    found = {one.labeler.user.username: {told.sign for told in one.signs} for one in behaviour_page(project).noticed}
    assert found == {"greta": {"only_great"}, "rick": {"hasty"}, "tina": {"like_another"}, "toni": {"like_another"}}
    told = client_for(lead.user).get("/p/chains/behaviour/").content.decode()
    assert [name for name in people if f">{name}<" in told] == list(found)
    # Who only races is right all the same, and stays: nothing follows from a sign by itself.
    assert standing(lead, people["rick"])["admission"] == "admitted"
    assert standing(lead, people["greta"])["admission"] == "rejected"
