"""How selectors change from round to round, when more labels are doubted, and why a solution was chosen (rows G12,
G14, G15)."""

import json

import pytest

from annotation.models import ModelVersion, Slot
from annotation.queries.drift import Gain, reasons_to_stop
from annotation.services import queue, rounds
from labeling_ui.charts import auc_line
from labeling_ui.templatetags.figures import signed
from tests import factories
from tests.labeling_ui.test_ml_pages import METRICS, finished_round, page_of, pick
from tests.labeling_ui.test_selector_pages import HELD_BACK

URL = "/p/algebra/rounds/"


def gain(low, high, number=3):
    return Gain(number=number, labels=40, value=(low + high) / 2, low=low, high=high)


def compared(low, high, **values):
    difference = {"value": round((low + high) / 2, 4), "low": low, "high": high}
    found = {
        "promote": True,
        "because": "not_worse",
        "auc_difference": difference,
        "agreement": 0.8,
        "labels_before": 20,
    }
    return {"labels": 60, "comparison": found | values}


# G15 ------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("gains", "numbers"),
    [
        ([], []),
        ([gain(-0.01, 0.02)], []),
        ([gain(-0.01, 0.02, 1), gain(-0.02, 0.01, 2)], [1, 2]),
        ([gain(0.0, 0.02, 1), gain(-0.02, 0.0, 2)], [1, 2]),  # an interval includes its ends
        ([gain(0.001, 0.02, 1), gain(-0.02, 0.01, 2)], []),  # the first one was a gain
        ([gain(-0.02, 0.01, 1), gain(0.001, 0.02, 2)], []),  # the last one was
        ([gain(-0.01, 0.02, 1), gain(-0.02, -0.001, 2)], []),  # a loss is something else: the gate held it back
        ([gain(-0.01, 0.02, 1), None, gain(-0.02, 0.01, 3)], []),  # not known of the second: not in a row
        ([gain(0.01, 0.02, 1), gain(-0.01, 0.02, 2), gain(-0.01, 0.02, 3)], [2, 3]),
        ([gain(-0.01, 0.02, 1), gain(-0.01, 0.02, 2), gain(-0.01, 0.02, 3)], [2, 3]),
        ([gain(-0.01, 0.02, 1), gain(-0.01, 0.02, 2), None], []),
        ([gain(-0.01, 0.02, 1), gain(-0.01, 0.021, 2)], []),  # it may be more than the project tolerates to lose
        ([gain(-0.2, 0.2, 1), gain(-0.2, 0.2, 2)], []),
    ],
)
def test_g15_more_labels_are_doubted_when_the_gain_may_be_none_and_is_small_at_best_twice_in_a_row(gains, numbers):
    assert [one.number for one in reasons_to_stop(gains, tolerance=0.02)] == numbers


def test_g15_the_page_suggests_to_stop_with_the_numbers(project, mel, client_for):
    finished_round(project, report={"labels": 20}, metrics=METRICS)
    finished_round(project, report=compared(-0.0102, 0.0182), metrics=METRICS)
    assert "may not be worth their price" not in page_of(client_for(mel), URL)

    finished_round(project, report=compared(-0.02, 0.01), metrics=METRICS)

    page = page_of(client_for(mel), URL)
    assert "More labels may not be worth their price." in page
    assert "round 1, with 40 labels more: step AUC +0.004, which may be anything between −0.010 and +0.018" in page
    assert "round 2, with 40 labels more: step AUC −0.005, which may be anything between −0.020 and +0.010" in page


def test_g15_where_the_intervals_are_wide_the_page_says_that_nothing_can_be_told(project, mel, client_for):
    for _ in range(2):
        finished_round(project, report=compared(-0.2, 0.25), metrics=METRICS)

    page = page_of(client_for(mel), URL)

    assert "may not be worth their price" not in page
    assert "Too few problems are held out to tell whether more labels still make the selector better" in page

    finished_round(project, report=compared(0.01, 0.25), metrics=METRICS)
    assert "Too few problems are held out" not in page_of(client_for(mel), URL)


def test_g15_rounds_by_chance_and_failed_ones_do_not_break_the_row(project, mel, client_for):
    finished_round(project, report=compared(-0.01, 0.02), metrics=METRICS)
    finished_round(project)
    failed, job = factories.running_round(project)
    rounds.fail_round(round=failed, job=job, error="No memory.")
    finished_round(project, report=compared(-0.01, 0.02), metrics=METRICS)

    assert "More labels may not be worth their price." in page_of(client_for(mel), URL)


# G12 ------------------------------------------------------------------------------------------------------------------


def test_g12_one_table_shows_how_each_selector_differs_from_the_one_before(project, alice, dana, client_for):
    finished_round(project, report={"labels": 20, "comparison": {"promote": True, "because": "first"}}, metrics=METRICS)
    told = compared(-0.01, 0.03, because="better", agreement=0.654)
    finished_round(project, picks=[pick(project), pick(project, text="And that?")], report=told, metrics=METRICS)
    factories.label(alice, (1, -1))
    factories.label(alice)

    first, second = page_of(client_for(dana), URL).split("How the selectors change</h2>")[1].split("<tr>")[2:4]

    assert '<td class="number">20</td><td class="number">0.913</td><td class="number">–</td>' in first
    assert "the first" in first
    assert '<td class="number">+0.010</td><td class="number">−0.010 to +0.030</td>' in second
    assert '<td class="number">0.654</td><td class="number">50.0 %</td><td class="nowrap">better</td>' in second


def test_g12_calibration_is_shown_where_a_worker_has_measured_it(project, mel, client_for):
    finished_round(project, metrics=METRICS)
    assert "Calibration error" not in page_of(client_for(mel), URL)

    finished_round(project, metrics=METRICS | {"ece": 0.0432})

    page = page_of(client_for(mel), URL)
    assert "Calibration error" in page
    assert '<td class="number">0.043</td>' in page


def test_g12_a_selector_that_was_held_back_is_marked_in_the_table_and_in_the_line(project, mel, client_for):
    finished_round(project, metrics=METRICS)
    finished_round(project, report={"comparison": HELD_BACK}, metrics=METRICS | {"step_auc": 0.711})

    page = page_of(client_for(mel), URL)

    assert '<span class="tag bad">held back</span>' in page
    assert page.count('class="dot held"') == page.count('class="hole"') == 1
    assert "<title>Round 1: 0.711</title>" in page
    newest = ModelVersion.objects.latest("pk").pk
    assert f"<title>Selector {newest}: 0.711</title>" in page_of(client_for(mel), "/p/algebra/models/")


def test_the_line_goes_from_guessing_to_1_and_lower_only_where_it_must():
    line = auc_line([("a", 0.5, False), ("b", None, False), ("c", 0.75, True), ("d", 1.0, False)])

    assert line.points == "8.0,56.0 140.0,32.0 272.0,8.0"
    assert (line.low, line.grid) == (0.5, [56.0, 46.4, 36.8, 27.2, 17.6, 8.0])
    assert [(mark.name, mark.held_back) for mark in line.marks] == [("a", False), ("c", True), ("d", False)]
    assert auc_line([("a", 0.34, False), ("b", 0.9, False)]).low == 0.3
    assert auc_line([("a", 0.5, False), ("b", None, False)]) is None


def test_a_project_without_a_selector_has_no_such_section(project, mel, client_for):
    finished_round(project)

    assert "How the selectors change" not in page_of(client_for(mel), URL)


def test_a_difference_is_written_with_its_sign():
    assert [signed(0.0042), signed(-0.01), signed(0), signed(None)] == ["+0.004", "−0.010", "+0.000", "–"]


# G14 ------------------------------------------------------------------------------------------------------------------


@pytest.fixture
def chosen(project, alice):
    """A round of two picks with every figure set, of which alice holds the first."""
    reason = {"score": 0.875, "rank": 1, "version": 4711, "strategy": "convincing_wrong"}
    solutions = [factories.solution(project, grade="wrong") for _ in range(2)]
    picks = [rounds.Pick(one.pk, "convincing_wrong", 0.9 - place / 10, reason) for place, one in enumerate(solutions)]
    finished_round(project, picks=picks, report={"strategy": "convincing_wrong"})
    queue.claim_next(project=project, by=alice)
    return solutions


def test_g14_leads_and_ml_staff_see_why_each_solution_was_chosen(chosen, dana, mel, client_for):
    for person in (dana, mel):
        page = page_of(client_for(person), "/p/algebra/rounds/0/")

        assert "It looked for the most convincing wrong answers" in page
        assert "Its answer is wrong, and the selector takes its steps for right" in page
        assert (
            '<td class="number">0.875</td><td class="number">1</td><td class="number"><a href="/p/algebra/models/4711/">4711</a></td>'
            in page
        )

        client = client_for(person)
        client.cookies["django_language"] = "zh-hans"  # codes are the same in every language
        answer = client.get("/api/v1/projects/algebra/rounds/0/picks", headers={"accept-language": "zh-hans"}).json()
        assert (answer["count"], answer["page"], answer["pages"]) == (2, 1, 1)
        assert answer["picks"][0] == {
            "solution": chosen[0].pk,
            "problem": chosen[0].problem.text,
            "arm": "convincing_wrong",
            "grade": "wrong",
            "score": 0.875,
            "rank": 1,
            "version": 4711,
            "strategy": "convincing_wrong",
            "state": "leased",
        }


def test_g14_labelers_never_see_any_of_it(chosen, project, alice, charlie, client_for):
    client = client_for(alice.user)
    for url in ("/p/algebra/rounds/0/", "/api/v1/projects/algebra/rounds", "/api/v1/projects/algebra/rounds/0"):
        assert client.get(url).status_code == 403
    assert client.get("/api/v1/projects/algebra/rounds/0/picks").status_code == 403
    assert client_for(charlie.user).get("/api/v1/projects/algebra/rounds/0/picks").status_code == 404

    told = [
        client.post("/api/v1/projects/algebra/claim").content.decode(),
        client.get("/api/v1/projects/algebra/labels").content.decode(),
        *(client.get(f"/p/algebra/{page}/").content.decode() for page in ("label", "work", "instructions", "practice")),
    ]
    slot = json.loads(told[0])["assignment"]
    factories.submit(alice, queue.claim_next(project=project, by=alice))
    told.append(client.get("/api/v1/projects/algebra/labels").content.decode())

    assert slot["steps"]
    assert Slot.objects.get(state="done").served_reason["version"] == 4711
    secrets = ("0.875", "4711", "convincing", "served_reason", "priority", 'arm"')
    assert [(secret, text[:60]) for text in told for secret in secrets if secret in text] == []


def test_g14_a_round_of_another_project_is_not_there(chosen, charlie, client_for):
    lead = factories.member(charlie.project, "lead")

    assert client_for(lead).get("/api/v1/projects/elsewhere/rounds/0/picks").status_code == 404
    assert client_for(lead).get("/api/v1/projects/algebra/rounds/0/picks").status_code == 404
