"""The pages on which leads see how far labelers agree, and who may not be reading (rows F9 and F13)."""

import csv
import re

import pytest
from django.core.cache import cache
from django.test import Client

from annotation.models import Label, Labeler, Project, Slot
from annotation.queries import behaviour
from annotation.services import queue
from tests import factories

URL, BEHAVIOUR = "/p/algebra/agreement/", "/p/algebra/behaviour/"


@pytest.fixture(autouse=True)
def nothing_kept():
    cache.clear()


def page_of(client, url=URL):
    answer = client.get(url)
    assert answer.status_code == 200
    return " ".join(answer.content.decode().split())  # no-break spaces are blanks, too


def twice(project, alice, bob, *pairs):
    Project.objects.filter(pk=project.pk).update(overlap_share=1, most_labels=2)
    for one, other in pairs:
        factories.queued(project)
        factories.label(alice, one)
        factories.label(bob, other)


@pytest.mark.parametrize("url", [URL, BEHAVIOUR])
def test_f9_the_pages_are_for_leads_only(url, dana, alice, mel, charlie, client_for):
    assert client_for(dana).get(url).status_code == 200
    assert client_for(alice.user).get(url).status_code == 403
    assert client_for(mel).get(url).status_code == 403
    assert client_for(charlie.user).get(url).status_code == 404
    assert Client().get(url)["Location"] == f"/accounts/sign-in/?next={url}"
    assert client_for(dana).post(url).status_code == 405


def test_f9_where_nothing_is_shared_the_page_says_what_to_do(project, dana, client_for):
    page = page_of(client_for(dana))

    assert "No solution has labels of two labelers yet" in page
    assert '<a href="/p/algebra/settings/">settings</a>' in page
    Project.objects.filter(pk=project.pk).update(overlap_share=0.1)
    assert "10 % of what rounds put into the queue" in page_of(client_for(dana))


def test_f9_the_page_shows_figures_pairs_and_what_is_in_dispute(project, dana, alice, bob, client_for):
    twice(project, alice, bob, ((1, -1), (1, -1)), ((1, -1), (1, 1, 1)), ((1, 0, 1), (1, 1, 1)))
    disputed = Label.objects.filter(labeler=bob).order_by("created_at")[1].solution

    page = page_of(client_for(dana))

    assert "name the same first error, or both none, in 67 % of cases" in page
    assert "too few solutions for an interval" in page
    assert "All of this is of 3 solutions" in page
    assert "<b>alice</b>" in page
    assert "<b>bob</b>" in page
    assert f'<a href="/p/algebra/adjudication/{disputed.pk}/">Solution {disputed.pk}</a>' in page
    assert "/p/algebra/solutions/" not in page
    assert "between two nobody can tell who is right" in page
    assert "nan" not in re.sub(r"<[^>]*>", " ", page).lower().split()


def test_f12_soft_labels_are_a_file_without_what_the_reader_may_yet_judge_blind(project, dana, alice, bob, client_for):
    twice(project, alice, bob, ((1, -1), (1, -1)), ((1, -1), (1, 1, 1)))
    agreed, _ = (one.solution_id for one in Label.objects.filter(labeler=bob).order_by("created_at"))
    client = client_for(dana)

    answer = client.get(f"{URL}?csv=1")
    header, *rows = csv.reader(b"".join(answer.streaming_content).decode().splitlines())

    assert '<a href="?csv=1" download>' in page_of(client)
    assert answer["Content-Disposition"] == 'attachment; filename="algebra-soft-labels.csv"'
    assert header == ["solution", "step", "ratings", "bad", "okay", "great"]
    assert [row[:3] for row in rows] == [
        [str(agreed), "1", "2"],
        [str(agreed), "2", "2"],
    ]  # the other is a case of theirs
    assert all(sum(map(float, row[3:])) == pytest.approx(1, abs=1e-3) for row in rows)
    assert float(rows[0][5]) > 0.5 < float(rows[1][3])

    assert client_for(alice.user).get(f"{URL}?csv=1").status_code == 403


def test_f9_what_has_no_figure_has_a_reason_and_no_number(project, dana, alice, bob, client_for):
    twice(project, alice, bob, ((1, 1, 1), (1, 1, 1)))

    page = page_of(client_for(dana))

    # Alpha twice, kappa, AC1 and AC2, and the kappa of the pair.
    assert page.count("not defined: all ratings are the same") == 6
    assert "100.0 %" in page


def test_f9_labels_of_another_project_are_not_here(project, dana, charlie, client_for):
    other = factories.member(charlie.project, "labeler")
    twice(charlie.project, charlie, other, ((1, -1), (1, 1, 1)))

    assert "No solution has labels of two labelers yet" in page_of(client_for(dana))


# Behaviour ----------------------------------------------------------------------------------------------------------


def hasty(by, count, *, ms=60_000):
    """Labels of `count` solutions of steps that take a minute to read."""
    for _ in range(count):
        factories.queued(by.project, steps=["x" * 500] * 3)
        factories.label(by, (1, 1, -1), total_time_ms=ms, active_ms=ms)
        Slot.objects.filter(state="leased").update(state="done", lease_owner=None, lease_token=None, lease_until=None)


def test_f13_who_is_too_fast_is_shown_and_nothing_is_done_to_them(project, dana, alice, bob, client_for):
    hasty(bob, 10)
    hasty(alice, 3, ms=5000)

    page = page_of(client_for(dana), BEHAVIOUR)

    assert "<b>alice</b>" in page
    assert "3 of the last 3 solutions took less than half a second a step" in page
    assert f"/p/algebra/guidance/?to={alice.pseudonym}#write" in page
    assert "<b>bob</b>" not in page
    assert Labeler.objects.get(pk=alice.pk).state == "active"
    factories.queued(project)
    assert queue.claim_next(project=project, by=alice)


def test_f13_where_nothing_is_odd_the_page_says_so(project, dana, alice, client_for):
    assert "Nobody has labeled anything yet." in page_of(client_for(dana), BEHAVIOUR)
    hasty(alice, 1)

    assert "1 labeler was looked at, and nothing is odd." in page_of(client_for(dana), BEHAVIOUR)


def test_f13_the_page_asks_two_questions(project, alice, django_assert_num_queries):
    hasty(alice, 3, ms=5000)

    # the newest labels of each labeler · the labelers of whom there is something to tell
    with django_assert_num_queries(2):
        found = behaviour.behaviour_page(project)

    assert [one.labeler for one in found.noticed] == [alice]
    (work,) = {(one.characters, one.ratings) for one in behaviour._work(project)[alice.pk]}
    assert work == (1500, (1, 1, -1))


def test_f13_every_sign_is_told_in_words(alice, bob):
    told = {
        "Only Great in 30 of 30": behaviour.Notice(behaviour.Sign.ONLY_GREAT, 30, 30, 0.4),
        "The same ratings, Great, Bad, in 20 of 30; with others in 4\u00a0%": behaviour.Notice(
            behaviour.Sign.SAME_PATTERN, 20, 30, 0.04, pattern=(1, -1)
        ),
        "5 solutions in a row": behaviour.Notice(behaviour.Sign.SKIPS, 5, 30),
        "as bob in 19 of the 20 solutions of both, and later in 18 of": behaviour.Notice(
            behaviour.Sign.LIKE_ANOTHER, 19, 20, 0.3, other=bob.pk, later=18
        ),
    }
    for words, notice in told.items():
        assert words in behaviour.words(notice, {bob.pk: bob})
