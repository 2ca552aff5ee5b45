"""The page on which ML staff and leads say what rounds choose and how they train (rows G3, G7, G13, H8)."""

import pytest
from django.test import Client

from annotation.models import AuditEvent, Project
from annotation.services import project_settings
from labeling_ui.selection_form import GROUPS, SelectionForm
from tests import factories
from tests.labeling_ui.test_ml_pages import finished_round, page_of, pick

URL = "/p/algebra/rounds/settings/"


def sent(**values):
    """The form as the page of a project here sends it, with these values changed; None leaves one out."""
    fields = SelectionForm.for_project(Project(base_model=factories.BASE_MODEL)).initial | values
    return {name: value for name, value in fields.items() if value is not None and value is not False}


def test_the_page_is_for_ml_staff_and_leads_only(project, dana, alice, mel, charlie, client_for):
    for ask in (lambda client: client.get(URL), lambda client: client.post(URL, sent(strategy="uncertain"))):
        assert ask(client_for(alice.user)).status_code == 403
        assert ask(client_for(charlie.user)).status_code == 404
        assert ask(client_for(factories.member(project, "reviewer"))).status_code == 403
        assert ask(Client())["Location"] == f"/accounts/sign-in/?next={URL}"
    assert Project.objects.get(pk=project.pk).strategy == "convincing_wrong"

    for person, strategy in ((mel, "uncertain"), (dana, "disagreement")):
        assert client_for(person).get(URL).status_code == 200
        assert client_for(person).post(URL, sent(strategy=strategy)).status_code == 302
        assert Project.objects.get(pk=project.pk).strategy == strategy
    assert list(AuditEvent.objects.order_by("pk").values_list("actor", flat=True)) == [mel.pk, dana.pk]


def test_the_form_has_every_setting_once_and_no_other():
    shown = [name for _, names in GROUPS for name in names]

    assert sorted(shown) == sorted(SelectionForm.base_fields) == sorted(project_settings.SELECTION)
    assert not project_settings.SELECTION & project_settings.EDITABLE
    assert {field.name for field in Project._meta.fields} >= project_settings.SELECTION


def test_saving_says_what_was_done_and_writes_down_what_was_before(project, mel, client_for):
    client = client_for(mel)

    page = client.post(URL, sent(wrong_share="0.5", one_of_alike=False), follow=True).content.decode()

    kept = Project.objects.get(pk=project.pk)
    assert (kept.wrong_share, kept.one_of_alike) == (0.5, False)
    assert "2 settings are changed." in page
    assert AuditEvent.objects.get().details == {
        "wrong_share": {"before": 0.8, "after": 0.5},
        "one_of_alike": {"before": True, "after": False},
    }
    again = client.post(URL, sent(wrong_share="0.5", one_of_alike=False), follow=True).content.decode()
    assert "Everything is as it was before." in again


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("strategy", "luck"),
        ("scope", "nowhere"),
        ("training_mode", "luck"),
        ("neutral", "grey"),
        ("wrong_share", 1.01),
        ("wrong_share", "nan"),
        ("random_share", -0.01),
        ("injected_share", 1.01),
        ("auc_tolerance", -0.01),
        ("least_agreement", -1.01),
        ("most_per_answer", -1),
        ("most_of_problem_per_labeler", 1001),
        ("problems_per_round", 0),
        ("solutions_per_problem", 0),
        ("min_labels_to_train", 0),
        ("low_water", -1),
        ("high_water", 1_000_001),
        ("base_model", "x" * 501),
    ],
)
def test_a_wrong_value_is_named_beside_its_field_and_what_was_written_stays(name, value, project, mel, client_for):
    answer = client_for(mel).post(URL, sent(**{"high_water": 77} | {name: value}))

    page = answer.content.decode()
    assert answer.status_code == 400
    assert f'<a href="#id_{name}">' in page
    assert page.count('class="errorlist"') == 1
    assert name == "high_water" or 'name="high_water" value="77"' in page
    assert Project.objects.get(pk=project.pk).high_water == 0
    assert not AuditEvent.objects.exists()


def test_what_makes_no_sense_together_is_said_in_a_sentence(project, mel, client_for):
    client = client_for(mel)

    marks = client.post(URL, sent(low_water=20, high_water=20)).content.decode()
    shares = client.post(URL, sent(random_share=0.6, injected_share=0.41)).content.decode()

    assert "Fill up to more than the number below which you fill up." in marks
    assert "Together with what is left to chance this is more than all that is chosen." in shares
    assert client.post(URL, sent(low_water=20, high_water=21)).status_code == 302
    assert client.post(URL, sent(random_share=0.5, injected_share=0.5)).status_code == 302


def test_limits_of_the_form_are_within_those_of_the_database(project, mel):
    project_settings.change_selection(
        project=project, by=mel, high_water=SelectionForm.base_fields["high_water"].max_value
    )
    for name, field in SelectionForm.base_fields.items():
        for value in (getattr(field, "max_value", None), getattr(field, "min_value", None)):
            if value is not None and name != "high_water":
                project_settings.change_selection(project=project, by=mel, **{name: value})
        for value, _ in getattr(field, "choices", ()):
            project_settings.change_selection(project=project, by=mel, **{name: value})


def test_each_of_the_two_pages_keeps_off_the_other_ones_settings(project, mel):
    with pytest.raises(TypeError, match="phase"):
        project_settings.change_selection(project=project, by=mel, phase=1)
    with pytest.raises(TypeError, match="strategy"):
        project_settings.change(project=project, by=mel, strategy="random")


@pytest.mark.parametrize(
    ("settings", "said", "unsaid"),
    [
        (
            {},
            ["80 % of them wrong answers", "5 % of all that it chooses is left to chance"],
            ["together are taken"],
        ),
        ({"strategy": "uncertain"}, ["It looks for what the selector is least sure of."], ["wrong answers, and"]),
        ({"strategy": "disagreement"}, ["what the last selectors disagree on"], ["wrong answers, and"]),
        ({"strategy": "random"}, ["It draws by chance"], ["wrong answers, and", "chooses is left to chance."]),
        ({"scope": "everywhere"}, ["The best of all problems together are taken"], []),
        ({"scope": "everywhere", "strategy": "random"}, [], ["The best of all problems together are taken"]),
        (
            {"injected_share": 0.1, "random_share": 0},
            ["10 % of all that it chooses are correct"],
            ["chooses is left to chance"],
        ),
    ],
)
def test_the_start_page_says_what_is_true_for_these_settings(settings, said, unsaid, project, alice, mel, client_for):
    factories.queued(project, 6)
    for _ in range(5):
        factories.label(alice)
    project_settings.change_selection(project=project, by=mel, **settings)

    page = page_of(client_for(mel), "/p/algebra/rounds/")

    assert [text for text in said if text not in page] == []
    assert [text for text in unsaid if text in page] == []


def test_a_report_says_how_much_of_what_was_wanted(project, mel, client_for):
    told = {"wanted": 120, "problems": 40}
    finished_round(project, picks=[pick(project)], report=told | {"scope": "per_problem"})
    finished_round(project, picks=[pick(project, text="And that?")], report=told | {"scope": "everywhere"})

    each, together = (page_of(client_for(mel), f"/p/algebra/rounds/{number}/") for number in (0, 1))

    assert '<b class="number">120</b><span>3 of each of 40 problems</span>' in each
    assert '<b class="number">120</b><span>the best of 40 problems together</span>' in together


def test_the_page_counts_its_queries(project, mel, client_for, django_assert_num_queries):
    client = client_for(mel)

    # session · user · membership with project
    with django_assert_num_queries(3):
        client.get(URL)
