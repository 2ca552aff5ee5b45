"""What the pages of automatic labels say before somebody decides: counts, kinds, what would be sent (row K8)."""

import pytest

from annotation.models import AutomaticSource, Slot
from annotation.queries import automatic as queries
from annotation.services import consensus
from tests import factories
from tests.annotation.test_consensus import CASES, judged, model_source
from tests.annotation.test_scoring_queries import version
from tests.labeling_ui.test_automatic_pages import PATH, ROLLOUTS, finished


def test_k8_before_disagreements_are_sent_the_page_says_how_many_and_why_others_are_not(
    alice, dana, project, client_for
):
    source = finished(judged(project, alice, *CASES))
    consensus.send_disagreements(source=source, by=dana, most=1)
    client = client_for(dana)

    page = client.get(f"{PATH}{source.pk}/").content.decode()
    sent = client.post(f"{PATH}{source.pk}/send/", {"most": "2"}, follow=True).content.decode()
    refused = client.post(f"{PATH}{source.pk}/send/", {"most": "0"})

    assert "3 solutions can be sent to a second person." in page
    assert "1 sent already." in page
    assert "They come behind all first labels that wait" in page
    assert "2 solutions wait for a second label." in sent
    assert refused.status_code == 400
    assert Slot.objects.filter(served_reason__automatic=source.pk).count() == 3


def test_k8_what_a_model_would_label_is_counted_without_tokens_and_its_page_has_none(dana, project, client_for):
    factories.solution(project, steps=["a", "b", "c"])
    asked = ROLLOUTS | {"kind": "model", "version": str(version(project).pk), "act": "count"}
    client = client_for(dana)

    page = client.post(PATH, asked).content.decode()
    source = finished(model_source(project))
    shown = client.get(f"{PATH}{source.pk}/").content.decode()

    assert "1 solution with 3 steps. A model samples no tokens." in page
    assert "tokens sampled" not in shown
    assert "first labeled since the model was made" in shown
    assert "No person has first labeled any of these solutions since the model was made" in shown


def test_k8_fields_of_the_kind_that_is_not_chosen_need_not_be_right(dana, project, client_for):
    factories.solution(project)
    made = version(project)

    client_for(dana).post(PATH, ROLLOUTS | {"kind": "model", "version": str(made.pk), "rollouts": "0", "budget": ""})
    client_for(dana).post(PATH, ROLLOUTS | {"threshold": "7"})

    assert list(AutomaticSource.objects.order_by("pk").values_list("name", flat=True)) == ["model 1", "rollouts 1"]


def test_k8_a_source_without_a_name_gets_the_first_free_number(dana, project, client_for):
    factories.solution(project)
    for name in ("rollouts 1", "rollouts 3"):
        finished(factories.automatic_source(project, name))

    client_for(dana).post(PATH, ROLLOUTS)

    assert AutomaticSource.objects.order_by("-pk")[0].name == "rollouts 2"


@pytest.mark.parametrize(("number", "is_said"), [(2, False), (3, True)])
def test_k8_that_only_the_newest_sources_are_listed_is_said(number, is_said, dana, project, client_for, monkeypatch):
    monkeypatch.setattr(queries, "SHOWN", 2)
    for place in range(number):
        finished(factories.automatic_source(project, f"source {place}"))

    page = client_for(dana).get(PATH).content.decode()

    assert ("The newest 2 are listed." in page) == is_said
