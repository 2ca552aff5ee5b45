"""The page on which leads say how their project wants its labels."""

import pytest
from django.test import Client

from annotation.models import AuditEvent, Project
from annotation.services import project_settings, queue
from labeling_ui.settings_form import GROUPS, SettingsForm
from tests import factories

URL = "/p/algebra/settings/"


def sent(**values):
    """The form as the page of a new project sends it, with these values changed; None leaves one out."""
    fields = SettingsForm.for_project(Project()).initial | values
    return {name: value for name, value in fields.items() if value is not None and value is not False}


def test_the_page_is_for_leads_only(project, dana, alice, mel, charlie, client_for):
    for ask in (lambda client: client.get(URL), lambda client: client.post(URL, sent(read_ahead="never"))):
        assert ask(client_for(alice.user)).status_code == 403
        assert ask(client_for(mel)).status_code == 403
        assert ask(client_for(charlie.user)).status_code == 404
        assert ask(Client())["Location"] == f"/accounts/sign-in/?next={URL}"

    assert Project.objects.get(pk=project.pk).read_ahead == "always"
    assert client_for(dana).post(URL, sent(read_ahead="never")).status_code == 302
    assert Project.objects.get(pk=project.pk).read_ahead == "never"


def test_the_form_has_every_setting_once_and_no_other():
    shown = [name for _, names in GROUPS for name in names]

    assert sorted(shown) == sorted(SettingsForm.base_fields) == sorted(project_settings.EDITABLE)


def test_what_only_the_other_phase_uses_is_folded_but_sent_and_opens_where_it_is_wrong(project, dana, client_for):
    apart = [[field.name for field in one.fields] for one in SettingsForm.for_project(project).groups() if one.is_apart]
    assert apart == [["options_per_step", "human_step_when", "stall_after"]]
    assert not any(one.is_apart for one in SettingsForm.for_project(Project(phase=1)).groups())

    page = client_for(dana).post(URL, sent(options_per_step=0)).content.decode()
    assert "<details open>" in page


def test_saving_says_what_was_done_and_writes_down_who_did_it(project, dana, client_for):
    client = client_for(dana)

    page = client.post(URL, sent(alternatives=0, critiques=True, generator=" toy "), follow=True).content.decode()

    kept = Project.objects.get(pk=project.pk)
    assert (kept.alternatives, kept.critiques, kept.generator) == (0, True, "toy")
    assert "3 settings are changed." in page
    assert AuditEvent.objects.get(action="change settings").actor == dana
    again = client.post(URL, sent(alternatives=0, critiques=True, generator="toy"), follow=True).content.decode()
    assert "Everything is as it was before." in again
    assert AuditEvent.objects.count() == 1


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("alternatives", 21),
        ("options_per_step", 0),
        ("lease_minutes", 0),
        ("lease_minutes", "soon"),
        ("bad_problem_reports", 0),
        ("stall_after", -1),
        ("progress_points", 4),
        ("answer_policy", "sometimes"),
        ("generator", "x" * 501),
    ],
)
def test_a_wrong_value_is_named_beside_its_field_and_what_was_written_stays(name, value, project, dana, client_for):
    answer = client_for(dana).post(URL, sent(**{name: value, "reopen_hours": 77}))

    page = answer.content.decode()
    assert answer.status_code == 400
    assert f'<a href="#id_{name}">' in page
    assert page.count('class="errorlist"') == 1
    assert 'name="reopen_hours" value="77"' in page
    assert Project.objects.get(pk=project.pk).reopen_hours == 24


def test_limits_of_the_form_are_within_those_of_the_database(project, dana):
    for name, field in SettingsForm.base_fields.items():
        for value in (getattr(field, "min_value", None), getattr(field, "max_value", None)):
            if value is not None:
                project_settings.change(project=project, by=dana, **{name: value})


def test_the_phase_is_a_choice_at_first_and_a_fact_once_there_is_a_label(project, dana, alice, client_for):
    client = client_for(dana)
    assert 'name="phase"' in client.get(URL).content.decode()
    factories.queued(project)
    factories.label(alice)

    page = client.get(URL).content.decode()

    assert 'name="phase"' not in page
    assert "It is fixed: this project has labels" in page
    assert client.post(URL, sent(phase=None, read_ahead="never")).status_code == 302
    assert Project.objects.get(pk=project.pk).phase == 2


def test_a_phase_that_became_fixed_meanwhile_is_refused_aloud_and_nothing_is_saved(project, dana, alice, client_for):
    factories.queued(project)
    factories.label(alice)

    answer = client_for(dana).post(URL, sent(phase=1, read_ahead="never"))

    assert answer.status_code == 400
    assert "labels of two phases do not mix" in answer.content.decode()
    assert Project.objects.get(pk=project.pk).read_ahead == "always"


def test_the_phase_waits_for_those_who_label(project, dana, alice, client_for):
    factories.queued(project)
    queue.claim_next(project=project, by=alice)

    answer = client_for(dana).post(URL, sent(phase=1))

    assert answer.status_code == 400
    assert "Somebody is labeling right now" in answer.content.decode()


def test_a_path_is_kept_as_text_and_nobody_looks_whether_it_is_there(project, dana, client_for):
    assert client_for(dana).post(URL, sent(generator="/no/such/folder")).status_code == 302
    assert Project.objects.get(pk=project.pk).generator == "/no/such/folder"


def test_the_page_counts_its_queries(project, dana, client_for, django_assert_num_queries):
    client = client_for(dana)

    # session · user · membership with project · is there a label
    with django_assert_num_queries(4):
        client.get(URL)


def test_the_page_says_when_nothing_writes_the_steps_that_it_asks_for(project, dana, client_for):
    client = client_for(dana)

    before = client.get(URL).content.decode()
    Project.objects.update(generator="toy")
    after = client.get(URL).content.decode()

    assert (before.count("Nothing writes steps here yet"), after.count("Nothing writes steps here yet")) == (2, 0)
    assert "toy, which reads only the chain arithmetic of the sample project" in after
