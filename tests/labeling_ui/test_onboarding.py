import json
import re

import pytest

from annotation.models import Instructions
from labeling_ui import practice
from labeling_ui.lessons import examples, examples_options, options
from labeling_ui.lessons.shapes import BAD, Theme
from tests import factories

EVERY_LESSON = [
    *practice.SOLUTIONS,
    *practice.OPTIONS,
    options.INSTEAD,
    *examples.SOLUTIONS,
    examples.ALTERNATIVES,
    *examples_options.OPTIONS,
    examples_options.OWN_STEP,
]
PRACTICED = [*practice.SOLUTIONS, *practice.OPTIONS, options.INSTEAD]


def page(client, address="instructions/"):
    return client.get(f"/p/algebra/{address}").content.decode()


def config_of(text):
    return json.loads(re.search(r'<script id="practice-config" type="application/json">(.*?)</script>', text)[1])


def test_the_instructions_are_those_of_the_phase(alice, client_for):
    client = client_for(alice.user)

    solution = page(client)
    alice.project.phase = 1
    alice.project.save()
    dialogue = page(client)

    assert "Stop at the first error" in solution
    assert "After the error: the alternatives" in solution
    assert "Your own step" not in solution
    assert "What a good step of your own looks like" in dialogue
    assert "Never call a wrong final answer Great" in dialogue
    assert "Stop at the first error" not in dialogue


def test_a_project_without_alternatives_tells_nobody_about_them(alice, client_for):
    alice.project.alternatives = 0
    alice.project.save()

    text = page(client_for(alice.user))

    assert "alternatives" not in text
    assert "Unsure" not in text
    assert "instead" not in [lesson.name for lesson in practice.lessons(alice.project)]


def test_a_project_that_never_shows_a_guess_speaks_of_none(alice, client_for):
    alice.project.answer_policy = "never"
    alice.project.save()

    text = page(client_for(alice.user))

    assert "Current guess" not in text
    assert "A wrong guess" not in text


@pytest.mark.parametrize(
    ("when", "sentence"), [("all_negative", "when every option is Bad"), ("no_positive", "when no option is Great")]
)
def test_labelers_learn_when_they_write_a_step_themselves(when, sentence, alice, client_for):
    alice.project.phase = 1
    alice.project.human_step_when = when
    alice.project.save()

    assert sentence in page(client_for(alice.user))


def test_every_entry_of_the_contents_leads_somewhere(alice, client_for):
    for phase in (1, 2):
        alice.project.phase = phase
        alice.project.save()
        text = page(client_for(alice.user))
        anchors = re.findall(r'<li><a href="#([\w-]+)"', text)

        assert len(anchors) >= 6
        assert all(f'id="{anchor}"' in text for anchor in anchors)


def test_what_is_new_stands_above_the_newest_text(alice, client_for):
    Instructions.objects.create(project=alice.project, version=2, text="New rules", changes="Proofs are <b>rated</b>.")

    text = page(client_for(alice.user))

    assert "What is new" in text
    assert text.index("Proofs are &lt;b&gt;rated&lt;/b&gt;.") < text.index("New rules")


def test_older_versions_can_be_read_and_say_that_they_are_old(alice, client_for):
    Instructions.objects.create(project=alice.project, version=2, text="Second rules")
    Instructions.objects.create(project=alice.project, version=3, text="Third rules")
    client = client_for(alice.user)

    newest, old = page(client), page(client, "instructions/?version=2")

    assert 'href="?version=1"' in newest
    assert "not in force any more" not in newest
    assert "Second rules" in old
    assert "Third rules" not in old
    assert "not in force any more" in old
    assert "How to judge a step" in page(client, "instructions/?version=1")
    assert "Stop at the first error" in page(client, "instructions/?version=1")


@pytest.mark.parametrize("version", ["0", "9", "x", "1x", "", "01"])
def test_a_version_that_never_was_is_not_found(version, alice, client_for):
    assert client_for(alice.user).get(f"/p/algebra/instructions/?version={version}").status_code == 404


def test_a_leads_long_text_has_contents(alice, client_for):
    client = client_for(alice.user)
    Instructions.objects.create(project=alice.project, version=2, text="# One\n\na\n\n# Two\n\nb")
    short = page(client)
    Instructions.objects.create(project=alice.project, version=3, text="# One\n\na\n\n# Two\n\nb\n\n# Three\n\nc")
    long = page(client)

    assert "On this page" not in short
    assert '<a href="#part-5" data-maths>Three</a>' in long
    assert '<h2 id="part-5" data-maths>Three</h2>' in long


def test_the_practice_page_brings_the_lessons_of_the_phase(alice, client_for):
    client = client_for(alice.user)

    solutions = config_of(page(client, "practice/"))
    alice.project.phase = 1
    alice.project.save()
    dialogues = config_of(page(client, "practice/"))

    assert [lesson["are_options"] for lesson in solutions["lessons"]] == [False] * 10 + [True]
    assert [lesson["are_options"] for lesson in dialogues["lessons"]] == [True] * 3
    assert solutions["user"] == alice.user.pk
    assert solutions["done"] == "/p/algebra/practice/done/"


def test_practice_speaks_the_language_of_the_page(alice, client_for):
    client = client_for(alice.user)
    client.cookies["language"] = "zh-hans"

    config = config_of(page(client, "practice/"))

    assert config["lessons"][1]["problem"] == "解方程 $3(x-4)=2x+5$。"
    assert config["themes"]["HELPFUL"]["title"] == "有帮助的步骤"


def test_the_end_of_the_practice_run_is_noted_once(alice, client_for):
    client = client_for(alice.user)

    answer = client.post("/p/algebra/practice/done/", {}, content_type="application/json")
    alice.refresh_from_db()
    first = alice.practiced_at
    again = client.post("/p/algebra/practice/done/")
    alice.refresh_from_db()

    assert answer.json() == {"practiced": True}
    assert first is not None
    assert again.url == "/p/algebra/label/"
    assert alice.practiced_at == first


def test_looking_at_the_practice_page_notes_nothing(alice, client_for):
    client = client_for(alice.user)

    assert client.get("/p/algebra/practice/").status_code == 200
    assert client.get("/p/algebra/practice/done/").status_code == 405
    alice.refresh_from_db()
    assert alice.practiced_at is None


def test_leads_may_try_the_practice_run_and_nothing_is_noted_for_them(dana, client_for):
    client = client_for(dana)

    text = page(client, "practice/")

    assert config_of(text)["done"] is None
    assert "Start labeling" not in text
    assert client.post("/p/algebra/practice/done/").status_code == 403


def test_practice_is_not_there_for_others(project, charlie, client_for):
    client = client_for(charlie.user)

    assert client.get("/p/algebra/practice/").status_code == 404
    assert client.post("/p/algebra/practice/done/").status_code == 404


@pytest.mark.parametrize("lesson", EVERY_LESSON, ids=lambda lesson: lesson.name)
def test_a_solution_ends_at_its_first_bad_step(lesson):
    ratings = [step.right for step in lesson.steps]

    if not lesson.are_options:
        assert all(BAD not in right for right in ratings[:-1])
        assert BAD not in ratings[-1] or ratings[-1] == (BAD,)
        assert bool(lesson.after) <= (ratings[-1] == (BAD,))


@pytest.mark.parametrize("lesson", PRACTICED, ids=lambda lesson: lesson.name)
def test_every_rating_of_a_practice_step_is_explained_and_has_a_theme(lesson):
    for step in practice._lesson(lesson)["steps"]:
        assert set(step["why"]) == {-1, 0, 1}
        assert all(step["why"].values())
        assert step["theme"] in Theme.__members__


@pytest.mark.parametrize("lesson", EVERY_LESSON, ids=lambda lesson: lesson.name)
def test_mathematics_is_closed_in_every_text(lesson):
    texts = [lesson.problem, *lesson.before, *lesson.after, lesson.closing]
    texts += [text for step in lesson.steps for text in (step.text, *map(step.explanation, (-1, 0, 1)))]

    assert [text for text in map(str, texts) if text.count("$") % 2 or text.count("{") != text.count("}")] == []


def test_names_of_lessons_are_unique():
    names = [lesson.name for lesson in EVERY_LESSON]

    assert len(names) == len(set(names))


def test_the_themes_of_a_phase_2_run_are_all_met(project):
    met = {step.theme for lesson in practice.lessons(project) for step in lesson.steps}

    assert met == set(Theme)


def test_there_are_examples_for_everything_that_the_instructions_name():
    assert len(examples.SOLUTIONS) >= 6
    assert len(examples_options.OPTIONS) >= 3
    assert {step.rating for lesson in examples.SOLUTIONS for step in lesson.steps} == {-1, 0, 1}
    assert any(step.flagged for step in examples.ALTERNATIVES.steps)


def test_a_practice_page_asks_the_database_little(alice, client_for, django_assert_max_num_queries):
    client = client_for(alice.user)
    factories.queued(alice.project)

    # session · user · place
    with django_assert_max_num_queries(3):
        client.get("/p/algebra/practice/")
