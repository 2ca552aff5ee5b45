import re
from datetime import UTC, date, datetime, timedelta
from uuid import uuid4

import pytest
from django.db import DatabaseError
from django.test import Client
from django.utils import timezone
from pgtrigger import ignore

from annotation.models import Acknowledgement, Instructions, Label, Labeler, Message, MessageRead, StepRating
from annotation.queries import work as queries
from annotation.queries.work import Day
from annotation.services import guidance, queue
from tests import factories

ACTS = ["acknowledge/", "read/", "messages/1/"]


def own(labeler, today=None):
    return queries.own_work(labeler, today=today or timezone.now().date())


def figures(labeler, today=None):
    return own(labeler, today).figures


def page_of(labeler, client_for):
    return client_for(labeler.user).get("/p/algebra/work/").content.decode()


def corrected(label, *, ratings=(1,), **values):
    """As services/labeling.py writes a correction."""
    same = {field: getattr(label, field) for field in ("project", "slot", "solution", "labeler", "phase")}
    made = Label.objects.create(
        **same | {"finish_reason": "solution", "total_time_ms": 9_000_000} | values,
        id=uuid4(),
        supersedes=label,
        payload_hash=bytes(32),
    )
    for step, rating in enumerate(ratings):
        StepRating.objects.create(label=made, step=step, rating=rating)
    return made


def moved(label, to):
    """The label, given at another time."""
    with ignore("annotation.Label:append_only"):
        Label.objects.filter(pk=label.pk).update(created_at=to)
    return label


# Who may see it -----------------------------------------------------------------------------------------------------


def test_the_page_is_for_labelers_only_and_is_not_there_for_strangers(alice, dana, mel, charlie, client_for):
    url = "/p/algebra/work/"

    assert client_for(alice.user).get(url).status_code == 200
    assert client_for(dana).get(url).status_code == 403
    assert client_for(mel).get(url).status_code == 403
    assert client_for(charlie.user).get(url).status_code == 404
    assert client_for(charlie.user).get("/p/elsewhere/work/").status_code == 200
    assert Client().get(url)["Location"] == f"/accounts/sign-in/?next={url}"
    assert client_for(alice.user).post(url).status_code == 405


@pytest.mark.parametrize("act", ACTS)
def test_its_acts_are_for_labelers_only_and_need_a_post(act, alice, dana, mel, charlie, client_for):
    url = f"/p/algebra/work/{act}"
    body = {"version": 1, "message": "1", "text": "Yes."}

    assert client_for(dana).post(url, body).status_code == 403
    assert client_for(mel).post(url, body).status_code == 403
    assert client_for(charlie.user).post(url, body).status_code == 404
    assert client_for(alice.user).get(url).status_code == 405
    assert Client().post(url, body)["Location"].startswith("/accounts/sign-in/")


# Messages -----------------------------------------------------------------------------------------------------------


def test_a_labeler_sees_what_was_written_to_them_and_to_all_the_newest_first(alice, bob, charlie, dana):
    guidance.send(project=alice.project, by=dana, text="To all.")
    guidance.send(project=alice.project, by=dana, text="To Alice.", to=alice)
    guidance.send(project=alice.project, by=dana, text="To Bob.", to=bob)
    guidance.send(project=charlie.project, by=charlie.user, text="Elsewhere.")

    shown = own(alice)

    assert [(one.text, one.is_to_all, one.author) for one in shown.unread] == [
        ("To Alice.", False, dana),
        ("To all.", True, dana),
    ]
    assert shown.read == []


def test_a_message_says_which_solution_it_is_about_and_leads_to_its_correction(alice, dana, client_for):
    factories.queued(alice.project, problem_=factories.problem(alice.project, text="How many <eggs>?"))
    label = factories.label(alice)
    guidance.send(project=alice.project, by=dana, text="Look at step 2.", to=alice, about=label)

    page = page_of(alice, client_for)
    [message] = own(alice).unread
    assert (message.problem, message.reopen) == ("How many <eggs>?", label.pk)
    assert "How many &lt;eggs&gt;?" in page
    assert page.count(f'href="/p/algebra/label/?reopen={label.pk}"') == 2  # here and among the last labels

    corrected(label)
    assert own(alice).unread[0].reopen is None


def test_marking_as_read_moves_messages_behind_the_others_for_this_labeler_only(alice, bob, dana, client_for):
    first, second = (guidance.send(project=alice.project, by=dana, text=text) for text in ("One.", "Two."))
    client = client_for(alice.user)

    answer = client.post("/p/algebra/work/read/", {"message": [second.pk]})

    assert answer["Location"] == "/p/algebra/work/"
    shown = own(alice)
    assert [one.id for one in shown.unread] == [first.pk]
    assert [one.id for one in shown.read] == [second.pk]
    assert own(bob).read == []

    client.post("/p/algebra/work/read/", {"message": [first.pk, second.pk]})
    assert [one.text for one in own(alice).read] == ["Two.", "One."]


def test_messages_of_others_and_nonsense_are_not_marked(alice, bob, dana, client_for):
    theirs = guidance.send(project=alice.project, by=dana, text="To Bob.", to=bob)

    for value in (theirs.pk, "x", "-1", "9" * 19, "9" * 5_000, ""):
        assert client_for(alice.user).post("/p/algebra/work/read/", {"message": value}).status_code == 302

    assert not MessageRead.objects.exists()


def test_unread_messages_are_never_crowded_out_by_read_ones(alice, dana, monkeypatch):
    monkeypatch.setattr(queries, "MESSAGES", 2)
    old = guidance.send(project=alice.project, by=dana, text="Old and unread.")
    newer = [guidance.send(project=alice.project, by=dana, text=f"Newer {place}.") for place in range(3)]
    guidance.mark_read(by=alice, messages=[one.pk for one in newer])

    shown = own(alice)

    assert [one.id for one in shown.unread] == [old.pk]
    assert [one.text for one in shown.read] == ["Newer 2."]


def test_a_reply_reaches_the_leads_is_shown_and_the_message_is_read(alice, bob, dana, client_for):
    asked = guidance.send(project=alice.project, by=dana, text="Is it clear?")
    guidance.reply(by=bob, message=asked.pk, text="Not to me.")

    answer = client_for(alice.user).post(
        f"/p/algebra/work/messages/{asked.pk}/", {"text": "  Yes <b>it</b> is.\r\n"}, follow=True
    )

    assert answer.redirect_chain == [("/p/algebra/work/", 302)]
    page = answer.content.decode()
    assert "Your reply is sent." in page
    assert "Yes &lt;b&gt;it&lt;/b&gt; is." in page
    assert "Not to me." not in page
    [message] = own(alice).read
    assert [(one.author, one.text) for one in message.replies] == [(alice.user, "Yes <b>it</b> is.")]
    assert Message.objects.get(labeler=alice).answers == asked


def test_an_empty_reply_is_refused_in_a_sentence_and_leaves_the_message_unread(alice, dana, client_for):
    asked = guidance.send(project=alice.project, by=dana, text="Is it clear?")

    page = client_for(alice.user).post(f"/p/algebra/work/messages/{asked.pk}/", {"text": " \n"}, follow=True)

    assert "A message needs words." in page.content.decode()
    assert [one.id for one in own(alice).unread] == [asked.pk]


def test_a_reply_without_end_is_refused_in_a_sentence(alice, dana, client_for):
    asked = guidance.send(project=alice.project, by=dana, text="Is it clear?")

    page = client_for(alice.user).post(f"/p/algebra/work/messages/{asked.pk}/", {"text": "x" * 20_001}, follow=True)

    assert "at most 20000 characters" in page.content.decode()
    assert not Message.objects.filter(answers=asked).exists()


def test_nobody_replies_to_a_message_that_is_not_theirs(alice, bob, dana, charlie, client_for):
    to_bob = guidance.send(project=alice.project, by=dana, text="To Bob.", to=bob)
    elsewhere = guidance.send(project=charlie.project, by=charlie.user, text="Elsewhere.")
    mine = guidance.send(project=alice.project, by=dana, text="To Alice.", to=alice)
    reply = guidance.reply(by=alice, message=mine.pk, text="Yes.")

    for pk in (to_bob.pk, elsewhere.pk, reply.pk, 10**30):
        answer = client_for(alice.user).post(f"/p/algebra/work/messages/{pk}/", {"text": "I say."})
        assert answer.status_code == 404
    assert not Message.objects.filter(text="I say.").exists()


def test_a_reply_is_not_kept_where_the_message_cannot_be_marked_as_read(alice, dana, monkeypatch):
    asked = guidance.send(project=alice.project, by=dana, text="Is it clear?")

    def fails(**_):
        raise DatabaseError

    monkeypatch.setattr(MessageRead.objects, "get_or_create", fails)
    with pytest.raises(DatabaseError):
        guidance.reply(by=alice, message=asked.pk, text="Yes.")

    assert not Message.objects.filter(answers=asked).exists()


# Rules --------------------------------------------------------------------------------------------------------------


def publish(labeler, by, changes="", **values):
    return guidance.publish_instructions(project=labeler.project, by=by, text="Rules", changes=changes, **values)


def gets_no_work(labeler):
    try:
        queue.claim_next(project=labeler.project, by=labeler)
    except queue.RulesChanged:
        return True
    return False


def test_the_page_asks_for_the_acknowledgement_exactly_while_no_new_work_is_given_for_want_of_it(alice, bob, dana):
    def agrees():
        asked = [bool(queries.unknown_rules(one)) for one in (alice, bob)]
        assert asked == [gets_no_work(alice), gets_no_work(bob)]
        return asked

    Instructions.objects.update(must_acknowledge=True)  # the first version: nobody knew another one
    assert agrees() == [False, False]
    publish(alice, dana)
    assert agrees() == [False, False]
    publish(alice, dana, "Units.", must_acknowledge=True)
    assert agrees() == [True, True]
    publish(alice, dana)
    guidance.acknowledge(by=alice, version=3)
    assert agrees() == [False, True]
    guidance.acknowledge(by=bob, version=4)
    assert agrees() == [False, False]


def test_changed_rules_are_told_and_acknowledged_with_a_button(alice, dana, client_for):
    publish(alice, dana, "Rate <b>remarks</b> Okay.", must_acknowledge=True)
    publish(alice, dana, "Only a word.")
    publish(alice, dana, "Units matter.", must_acknowledge=True)
    client = client_for(alice.user)

    page = client.get("/p/algebra/work/").content.decode()
    assert "The instructions have changed" in page
    assert page.index("Units matter.") < page.index("Rate &lt;b&gt;remarks&lt;/b&gt; Okay.")
    assert "Only a word." not in page
    version = re.search(r'name="version" value="(\d+)"', page)[1]

    page = client.post("/p/algebra/work/acknowledge/", {"version": version}, follow=True).content.decode()

    assert Acknowledgement.objects.get(labeler=alice).version == 4
    assert "The instructions have changed" not in page
    assert "New solutions come again." in page


@pytest.mark.parametrize("version", ["2", "x", "", str(10**30)])
def test_a_version_that_does_not_exist_is_not_acknowledged(version, alice, client_for):
    assert client_for(alice.user).post("/p/algebra/work/acknowledge/", {"version": version}).status_code == 404
    assert not Acknowledgement.objects.exists()


# Figures ------------------------------------------------------------------------------------------------------------

WEDNESDAY = date(2026, 3, 4)


def at(day, hour=12):
    return datetime(2026, 3, day, hour, tzinfo=UTC)


def test_labels_and_times_are_counted_by_day_week_and_in_all(alice):
    factories.queued(alice.project, 5)
    for when, ratings, active in [
        (at(4, 0), (1, 1, 1), 60_000),
        (at(4, 23), (1, -1), 20_000),
        (at(2, 0), (0, 1, 1), 30_000),  # Monday
        (at(1, 23), (1, 1, 1), 100_000),  # Sunday
    ]:
        moved(factories.label(alice, ratings, total_time_ms=200_000, active_ms=active), to=when)
    moved(factories.label(alice, total_time_ms=200_000), to=datetime(2025, 1, 1, tzinfo=UTC))

    found = figures(alice, WEDNESDAY)

    assert found.today == Day(WEDNESDAY, 2, 80_000)
    assert (found.labels_this_week, found.active_ms_this_week) == (3, 110_000)
    assert (found.labels, found.active_ms, found.median_ms) == (5, 210_000, 45_000)
    assert found.rated_steps_this_week == 3 + 2 + 3
    assert found.finished == [
        ("found_error", 1, 0.2),
        ("solution", 4, 0.8),
        ("give_up", 0, 0.0),
        ("bad_problem", 0, 0.0),
    ]


def test_the_days_end_today_and_are_days_of_universal_time(alice):
    factories.queued(alice.project, 2)
    moved(factories.label(alice), to=at(4, 23))
    moved(factories.label(alice), to=at(4, 23) - timedelta(days=27, hours=23, minutes=30))  # one day too early

    days = figures(alice, WEDNESDAY).days

    assert len(days) == queries.DAYS
    assert days[0] == Day(WEDNESDAY - timedelta(days=27), 0, None)
    assert days[-1] == Day(WEDNESDAY, 1, None)
    assert sum(day.labels for day in days) == 1


def test_a_corrected_label_is_one_label_with_its_newest_end_and_longer_time(alice):
    factories.queued(alice.project)
    label = factories.label(alice, (1, -1), total_time_ms=50_000, active_ms=40_000)
    corrected(corrected(label, active_ms=50_000), ratings=(1, 1, 1), active_ms=70_000)

    found = figures(alice)

    assert (found.labels, found.active_ms, found.median_ms) == (1, 70_000, 70_000)
    assert found.finish_reasons == {"found_error": 0, "solution": 1, "give_up": 0, "bad_problem": 0}
    assert (found.today.labels, found.labels_this_week, found.rated_steps_this_week) == (1, 1, 2)


def test_nobody_elses_labels_count_and_those_for_quality_control_are_like_any_other(alice, bob, charlie):
    factories.queued(alice.project, 6, arm="gold")
    factories.queued(charlie.project)
    factories.label(alice)
    factories.label(bob)
    factories.label(bob)
    factories.label(charlie)

    assert (figures(alice).labels, figures(alice).rated_steps_this_week, len(own(alice).history)) == (1, 3, 1)


def test_what_is_not_known_is_a_dash(alice, client_for):
    factories.queued(alice.project)
    factories.label(alice)

    page = page_of(alice, client_for)

    assert re.findall(r'<b class="number">(.*?)</b><span>(.*?)</span></div>', page)[:8] == [
        ("1", "labels today (UTC)"),
        ("1", "labels this week"),
        ("1", "labels in all"),
        ("3", "rated steps this week"),
        ("–", "active time today"),
        ("–", "active time this week"),
        ("–", "active time in all"),
        ("–", "for one solution (median)"),
    ]


# The page -----------------------------------------------------------------------------------------------------------


def test_the_last_labels_are_shown_with_ratings_end_and_a_way_to_correct_them(alice, client_for):
    factories.queued(alice.project, 3, problem_=factories.problem(alice.project, text="Why <so>? " + 200 * "a"))
    old = moved(factories.label(alice, (1, 0, -1)), to=timezone.now() - timedelta(days=3))
    first = factories.label(alice, (1,), finish_reason="give_up", reason="Too long.")
    second = corrected(first, ratings=(1, None), finish_reason="bad_problem", reason="No picture.")

    page = page_of(alice, client_for)
    shown = page[page.index("Your last labels") :]

    assert re.findall(r"Why &lt;so&gt;\? a+(.*?)</p>", shown) == [" …", " …"]
    assert re.findall(r'face-(great|okay|bad)"|(Not rated)', shown) == [
        ("great", ""),
        ("", "Not rated"),
        ("great", ""),
        ("okay", ""),
        ("bad", ""),
    ]
    assert shown.index("Bad problem") < shown.index("corrected") < shown.index("Error found")
    assert re.findall(r"\?reopen=([\w-]+)", shown) == [str(second.pk)]
    assert str(old.pk) not in page
    assert "for 24 hours after you gave it" in shown


def test_somebody_new_is_invited_to_practise_and_shown_no_empty_figures(alice, client_for):
    page = page_of(alice, client_for)

    assert "Begin with a practice run" in page
    assert page.count('href="/p/algebra/practice/"') == 2  # and in the navigation
    assert 'class="button primary" href="/p/algebra/practice/"' in page
    assert "You have not labeled a solution yet" in page
    assert "labels in all" not in page


def test_who_labels_without_having_practised_is_invited_too_but_begins_with_labels(alice, client_for):
    factories.queued(alice.project)
    factories.label(alice)

    page = page_of(alice, client_for)

    assert "Try the practice run" in page
    assert 'class="button primary" href="/p/algebra/label/"' in page


def test_who_has_practised_finds_a_quiet_link(alice, client_for):
    guidance.finish_practice(by=alice)

    page = page_of(alice, client_for)

    assert "practice run" not in page
    assert "Practice again" in page


def test_who_is_paused_is_told_so_and_not_sent_to_label(alice, client_for):
    Labeler.objects.filter(pk=alice.pk).update(state="paused")

    page = page_of(alice, client_for)

    assert "Your work in this project is paused." in page
    assert "Start labeling" not in page


def test_f1_who_is_screened_sees_how_far_they_are_and_who_was_not_admitted_is_told_so(project, client_for):
    erin = factories.screened(project, 3)
    factories.label(erin, (1, -1))
    client = client_for(erin.user)

    assert "1 of 3" in client.get("/p/algebra/work/").content.decode()

    for _ in range(2):
        factories.label(erin, (1, 1, 1))
    with pytest.raises(queue.NotAdmitted):
        queue.next_work(project=project, by=erin)
    text = client.get("/p/algebra/work/").content.decode()
    assert "too few of the known ones" in text
    assert "Start labeling" not in text


def test_pages_for_labelers_lead_to_one_another(alice, client_for):
    places = [f"/p/algebra/{page}/" for page in ("label", "work", "practice", "instructions")]

    for place in places:
        page = client_for(alice.user).get(place).content.decode()
        navigation = re.search(r'<nav class="site-nav".*?</nav>', page, re.DOTALL)[0]
        assert re.findall(r'href="(.*?)"', navigation) == places
        assert re.findall(r'href="(.*?)" aria-current="page"', navigation) == [place]


@pytest.mark.parametrize("times", [1, 3])
def test_the_page_asks_as_many_questions_for_much_as_for_little(
    times, alice, dana, client_for, django_assert_num_queries
):
    factories.queued(alice.project, times)
    for label in [factories.label(alice) for _ in range(times)]:
        publish(alice, dana, "New.", must_acknowledge=True)
        sent = guidance.send(project=alice.project, by=dana, text="Look.", to=alice, about=label)
        guidance.send(project=alice.project, by=dana, text="Look here, too.")
        guidance.reply(by=alice, message=sent.pk, text="I have.")
    client = client_for(alice.user)

    # session · user · membership with labeler and project · messages with author, problem and what can be corrected ·
    # their replies · rules · totals · days · rated steps · last labels · their ratings
    with django_assert_num_queries(11):
        client.get("/p/algebra/work/")


def test_home_asks_one_more_question_to_tell_a_first_visit(alice, client_for, django_assert_num_queries):
    client = client_for(alice.user)

    # session · user · memberships with project · invitations that wait · whether they have practised or labeled
    with django_assert_num_queries(5):
        client.get("/")
