"""The page on which leads publish instructions and write to labelers."""

import re
from uuid import uuid4

import pytest
from django.test import Client
from django.utils.html import escape

from annotation.models import Instructions, Labeler, Membership, Message
from annotation.queries import guidance as queries
from annotation.services import guidance
from tests import factories

URL = "/p/algebra/guidance/"


def publish(**values):
    return {"act": "publish", "text": "Be careful.", "changes": "", "based_on": "1"} | values


def message(to="all", **values):
    return {"act": "send", "to": to, "text": "Well done."} | values


def page_of(client, url=URL):
    """The page with every run of white space as one space."""
    answer = client.get(url)
    assert answer.status_code == 200
    return " ".join(answer.content.decode().split())


# Who may ------------------------------------------------------------------------------------------------------------


def test_the_page_is_for_leads_only(dana, alice, mel, charlie, client_for):
    asks = [lambda client: client.get(URL)]
    asks += [lambda client, body=body: client.post(URL, body) for body in (publish(), message())]
    for ask in asks:
        assert ask(client_for(alice.user)).status_code == 403
        assert ask(client_for(mel)).status_code == 403
        assert ask(client_for(charlie.user)).status_code == 404
        assert ask(Client())["Location"] == f"/accounts/sign-in/?next={URL}"

    assert (Instructions.objects.filter(project=alice.project).count(), Message.objects.count()) == (1, 0)
    assert [ask(client_for(dana)).status_code for ask in asks] == [200, 302, 302]


# Instructions -------------------------------------------------------------------------------------------------------


def test_a_version_is_published_and_its_text_is_where_the_next_one_begins(project, dana, client_for):
    client = client_for(dana)

    told = client.post(URL, publish(text="# Rules\r\n\r\n- one\r\n- two", changes="A list."), follow=True)

    newest = Instructions.objects.get(project=project, version=2)
    assert (newest.text, newest.changes, newest.must_acknowledge) == ("# Rules\n\n- one\n- two", "A list.", False)
    page = " ".join(told.content.decode().split())
    assert "Version 2 is in force." in page
    assert (
        "<h4 data-maths>Rules</h4> <ul><li><span data-maths>one</span></li><li><span data-maths>two</span></li></ul>"
        in page
    )
    assert "# Rules - one - two</textarea>" in page
    assert 'name="based_on" value="2"' in page


def test_a_version_that_must_be_read_says_so_and_needs_words_on_what_changed(project, dana, client_for):
    client = client_for(dana)

    answer = client.post(URL, publish(must_acknowledge="on"))

    assert answer.status_code == 400
    assert "Say what has changed" in answer.content.decode()
    assert "Be careful.</textarea>" in answer.content.decode()
    told = client.post(URL, publish(must_acknowledge="on", changes="Care."), follow=True).content.decode()
    assert "Labelers are asked to read what has changed" in told
    assert Instructions.objects.get(project=project, version=2).must_acknowledge


def test_a_preview_shows_the_text_as_labelers_would_see_it_and_publishes_nothing(project, dana, client_for):
    body = publish(act="preview", text="# New\n\n<b>bold</b> $x$", changes="It is new.", must_acknowledge="on")

    answer = client_for(dana).post(URL, body)

    page = " ".join(answer.content.decode().split())
    assert answer.status_code == 200
    assert "<h4 data-maths>New</h4> <p data-maths>&lt;b&gt;bold&lt;/b&gt; $x$</p>" in page
    assert "<span data-maths>It is new.</span>" in page
    assert "&lt;b&gt;bold&lt;/b&gt; $x$</textarea>" in page
    assert re.search(r'<input type="checkbox" name="must_acknowledge"[^>]* checked', page)
    assert Instructions.objects.filter(project=project).count() == 1


def test_a_preview_does_not_forget_on_which_version_it_was_written(project, dana, client_for):
    guidance.publish_instructions(project=project, by=dana, text="Another lead was faster.")

    page = client_for(dana).post(URL, publish(act="preview", based_on="1")).content.decode()

    assert 'name="based_on" value="1"' in page


def test_a_text_written_on_the_ground_of_an_older_version_is_shown_the_newer_one_first(project, dana, client_for):
    client = client_for(dana)
    guidance.publish_instructions(project=project, by=dana, text="Another lead was faster.")

    answer = client.post(URL, publish(based_on="1"))

    page = answer.content.decode()
    assert answer.status_code == 400
    assert "Somebody else has published a version since you began" in page
    assert "Another lead was faster." in page
    assert "Be careful.</textarea>" in page
    assert 'name="based_on" value="2"' in page
    assert client.post(URL, publish(based_on="2")).status_code == 302


def test_two_versions_published_in_one_moment_do_not_become_one(project, dana, client_for, monkeypatch):
    def beaten(**_):
        raise guidance.PublishedMeanwhile

    monkeypatch.setattr(guidance, "publish_instructions", beaten)

    answer = client_for(dana).post(URL, publish())

    assert answer.status_code == 400
    assert "Somebody else has published a version since you began" in answer.content.decode()


def test_pressing_publish_twice_makes_one_version(project, dana, client_for):
    client = client_for(dana)
    client.post(URL, publish())

    answer = client.post(URL, publish(based_on="2"))

    assert answer.status_code == 400
    assert "This is what is in force already." in answer.content.decode()
    assert Instructions.objects.filter(project=project).count() == 2


def test_the_same_text_can_be_published_again_to_have_it_read(project, dana, client_for):
    client = client_for(dana)
    client.post(URL, publish())

    assert client.post(URL, publish(based_on="2", must_acknowledge="on", changes="Please.")).status_code == 302
    assert client.post(URL, publish(based_on="3")).status_code == 400  # and not to have it read less


def test_versions_say_how_many_of_those_who_label_now_know_them(project, dana, alice, bob, charlie, client_for):
    for text in ("Two.", "Three."):
        guidance.publish_instructions(project=project, by=dana, text=text, changes=text, must_acknowledge=True)
    guidance.acknowledge(by=alice, version=2)
    guidance.acknowledge(by=bob, version=3)
    gone = factories.member(project, "labeler", "gone")
    guidance.acknowledge(by=gone, version=3)
    Membership.objects.filter(user=gone.user).delete()

    versions = queries.guidance_page(project, page=None).versions

    assert [(one.instructions.version, one.acknowledged) for one in versions] == [(3, 1), (2, 2), (1, None)]
    page = page_of(client_for(dana))
    assert '1 of 2</span> <span class="tag">has to be read</span>' in page
    assert 'href="/p/algebra/instructions/?version=2"' in page


# Messages -----------------------------------------------------------------------------------------------------------


def test_a_message_goes_to_all_or_to_one(project, dana, alice, bob, client_for):
    client = client_for(dana)

    told = client.post(URL, message(str(alice.pseudonym), text=" Look at $x$. "), follow=True)
    client.post(URL, message("all"))

    one, everybody = Message.objects.order_by("pk")
    assert (one.labeler, one.text, one.author) == (alice, "Look at $x$.", dana)
    assert everybody.labeler is None
    assert "The message to alice is sent." in told.content.decode()
    assert told.redirect_chain == [(URL + "#main", 302)]


@pytest.mark.parametrize("to", ["", "everybody", "charlie"])
def test_a_message_for_nobody_here_is_not_sent_and_stays_written(to, dana, alice, charlie, client_for):
    answer = client_for(dana).post(URL, message(to if to != "charlie" else str(charlie.pseudonym)))

    assert answer.status_code == 400
    assert "errorlist" in answer.content.decode()
    assert "Well done.</textarea>" in answer.content.decode()
    assert not Message.objects.exists()


def test_a_message_needs_words(dana, alice, client_for):
    answer = client_for(dana).post(URL, message(text="  \n "))

    assert answer.status_code == 400
    assert not Message.objects.exists()


def test_only_those_who_label_here_now_can_be_chosen(project, dana, alice, client_for):
    Labeler.objects.create(project=project, user=None)  # of an imported file
    gone = factories.member(project, "labeler", "gone")
    Membership.objects.filter(user=gone.user).update(role="reviewer")

    assert list(queries.recipients(project)) == [alice]
    assert f'<option value="{alice.pseudonym}">alice · {str(alice.pseudonym)[:8]}</option>' in page_of(client_for(dana))


def test_an_address_fills_in_to_whom_and_about_which_label(project, dana, alice, client_for):
    factories.queued(project, problem_=factories.problem(project, text="How many $a < b$?"))
    given = factories.label(alice)

    page = page_of(client_for(dana), f"{URL}?to={alice.pseudonym}&label={given.pk}")

    assert f'<option value="{alice.pseudonym}" selected>' in page
    assert f'name="label" value="{given.pk}" checked' in page
    assert escape("How many $a < b$?") in page


def test_an_address_with_the_label_of_another_project_or_of_none_fills_in_nothing(dana, alice, charlie, client_for):
    factories.queued(charlie.project)
    theirs = factories.label(charlie)

    for query in (f"to={charlie.pseudonym}&label={theirs.pk}", f"label={uuid4()}", "to=x&label=x"):
        page = page_of(client_for(dana), f"{URL}?{query}")
        assert not re.search(r'<option value="[^"]+" selected>', page)
        assert 'name="label"' not in page


def test_a_message_about_a_label_goes_to_its_labeler_only(project, dana, alice, bob, client_for):
    factories.queued(project)
    given = factories.label(alice)
    client = client_for(dana)

    for to in ("all", str(bob.pseudonym)):
        answer = client.post(URL, message(to, label=str(given.pk)))
        assert answer.status_code == 400
        assert "not theirs" in answer.content.decode()
    assert client.post(URL, message("all", label=str(uuid4()))).status_code == 400
    assert not Message.objects.exists()

    assert client.post(URL, message(str(alice.pseudonym), label=str(given.pk))).status_code == 302
    assert Message.objects.get().label == given


def test_messages_say_who_read_them_and_carry_their_answers(project, dana, alice, bob, client_for):
    first = guidance.send(project=project, by=dana, text="To all of you")
    second = guidance.send(project=project, by=dana, text="To you alone", to=alice)
    guidance.mark_read(by=bob, messages=[first.pk])
    guidance.reply(by=bob, message=first.pk, text="Understood <b>")

    page = page_of(client_for(dana))

    newest, oldest = queries.guidance_page(project, page=None).sent
    assert (newest.message, newest.reads, newest.recipients) == (second, 0, 1)
    assert (oldest.message, oldest.reads, oldest.recipients) == (first, 1, 2)
    assert page.index("To you alone") < page.index("To all of you") < page.index("Understood &lt;b&gt;")
    assert "not read yet" in page
    assert "read by 1 of 2" in page
    assert f'href="?to={bob.pseudonym}#write"' in page
    guidance.mark_read(by=alice, messages=[second.pk])
    assert "not read yet" not in page_of(client_for(dana))


def test_what_others_wrote_elsewhere_is_not_here(project, dana, charlie):
    guidance.send(project=charlie.project, by=charlie.user, text="Elsewhere")

    assert queries.guidance_page(project, page=None).sent == []


def test_a_project_without_messages_says_so(dana, client_for):
    assert "Nothing has been written yet." in page_of(client_for(dana))


@pytest.mark.parametrize("many", [1, 25])
def test_the_page_asks_as_many_questions_for_many_messages_as_for_one(
    many, project, dana, alice, client_for, django_assert_num_queries
):
    factories.queued(project)
    given = factories.label(alice)
    for _ in range(many):
        sent = guidance.send(project=project, by=dana, text="Hm.", to=alice, about=given)
        guidance.reply(by=alice, message=sent.pk, text="Yes?")
        guidance.publish_instructions(project=project, by=dana, text="Hm.", changes="Hm.", must_acknowledge=True)
    client = client_for(dana)

    # session · user · membership with project · labelers · how many messages · acknowledgements · versions
    # · messages · their replies
    with django_assert_num_queries(9):
        page = client.get(URL).content.decode()

    assert page.count("<article") == min(many, queries.MESSAGES_ON_A_PAGE)
    assert ('href="?page=2#messages"' in page) == (many > queries.MESSAGES_ON_A_PAGE)
