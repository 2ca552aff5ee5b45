"""A selector that was held back: shown with the reason, and put in use or out of use by hand (rows G12 and H8)."""

from django.db import transaction

from annotation.models import AuditEvent, ModelVersion
from annotation.services import scoring
from tests import factories
from tests.labeling_ui.test_ml_pages import METRICS, finished_round, page_of

HELD_BACK = {
    "promote": False,
    "because": "worse",
    "candidate_auc": 0.711,
    "active_auc": 0.899,
    "auc_difference": {"value": -0.188, "low": -0.25, "high": -0.101},
    "agreement": 0.456,
}


def two_selectors(project):
    """The second round's selector is held back; returns both versions, the one in use first."""
    first = finished_round(project, metrics=METRICS).selector
    second = finished_round(project, report={"comparison": HELD_BACK}, metrics=METRICS)
    with transaction.atomic():
        scoring.activate(first)
    ModelVersion.objects.filter(round=second).update(state="candidate")
    return first, ModelVersion.objects.get(round=second)


def test_a_selector_that_was_held_back_is_shown_with_the_reason_and_a_way_to_use_it(project, mel, dana, client_for):
    _, candidate = two_selectors(project)

    page = page_of(client_for(mel), "/p/algebra/rounds/1/")

    assert "It is worse than the one in use, and was held back." in page
    assert "Somebody has put it in use since." not in page
    assert "0.899 before; the difference lies between -0.250 and -0.101 (95 %)" in page
    assert f">Selector {candidate.pk}</a> </dd>" in page
    assert "Use this selector from the next round on" in page
    assert "Use this selector" not in page_of(client_for(mel), "/p/algebra/rounds/0/")  # it is in use
    assert "Use this selector" not in page_of(client_for(dana), "/p/algebra/rounds/1/")


def test_g12_a_comparison_on_few_held_out_problems_has_no_interval_and_both_pages_say_so(project, mel, client_for):
    told = HELD_BACK | {"promote": True, "because": "not_worse", "auc_difference": None}
    version = finished_round(project, report={"comparison": told}, metrics=METRICS).selector

    for path in ("rounds/0", f"models/{version.pk}"):
        page = page_of(client_for(mel), f"/p/algebra/{path}/")
        assert "0.899 before; too few held-out problems to tell how sure the difference is" in page


def test_g12_ml_staff_promote_and_roll_back(project, mel, client_for):
    first, second = two_selectors(project)
    client = client_for(mel)

    for number, used, other in ((1, second, first), (0, first, second)):
        answer = client.post(f"/p/algebra/rounds/{number}/use/", follow=True)
        assert f"Selector {used.pk} is in use from the next round on." in answer.content.decode()
        used.refresh_from_db()
        other.refresh_from_db()
        assert (used.state, other.state) == ("active", "retired")
    for path in ("rounds/1", f"models/{second.pk}"):
        page = page_of(client, f"/p/algebra/{path}/")
        assert "The round chose by the one in use. Somebody has put it in use since." in page
    said = AuditEvent.objects.filter(action="use selector").order_by("pk").values_list("actor", "details__before")
    assert list(said) == [(mel.pk, "candidate"), (mel.pk, "retired")]


def test_using_what_is_in_use_changes_nothing_and_is_not_written_down(project, mel, client_for):
    two_selectors(project)
    client_for(mel).post("/p/algebra/rounds/0/use/")
    assert not AuditEvent.objects.filter(action="use selector").exists()


def test_no_selector_is_changed_under_a_running_round(project, mel, client_for):
    first, _ = two_selectors(project)
    factories.running_round(project)

    answer = client_for(mel).post("/p/algebra/rounds/1/use/", follow=True)

    assert "A round of this project is running." in answer.content.decode()
    assert ModelVersion.objects.get(state="active") == first


def test_only_ml_staff_choose_the_selector(project, alice, dana, charlie, mel, client_for):
    two_selectors(project)
    codes = [client_for(user).post("/p/algebra/rounds/1/use/").status_code for user in (alice.user, dana, charlie.user)]
    assert codes == [403, 403, 404]
    assert client_for(mel).post("/p/algebra/rounds/7/use/").status_code == 404


def test_g5_a_round_says_what_refills_added_to_it(project, mel, client_for):
    finished_round(project, report={"refills": {"number": 2, "queued": 12}})

    assert '<dt>Added since</dt><dd><b class="number">12</b>' in page_of(client_for(mel), "/p/algebra/rounds/0/")
