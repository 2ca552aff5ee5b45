"""Models as ML staff read them: side by side, one in full, and what they say of each step of a solution."""

from datetime import timedelta

import pytest
from django.test import Client

from annotation.models import Membership, ModelVersion, SolutionScore, StepRating
from annotation.queries import calibration, solutions, version_scores, versions
from annotation.queries import jobs as job_words
from annotation.services import jobs, rounds
from labeling_ui.charts import histogram, loss_curve, reliability
from tests import factories
from tests.labeling_ui.test_ml_pages import METRICS, finished_round, page_of, pick
from tests.labeling_ui.test_selector_pages import HELD_BACK, two_selectors

TRAINED = METRICS | {
    "threshold": 0.2,
    "losses": [[10, 1.5], [20, 0.75], [30, 0.3]],
    "train_seconds": 125.4,
    "counts": {"records": 40, "ratings": 210, "left_out_give_up": 3, "too_long": 2},
}
WHO = 3  # session · user · membership with its project


def score(version, solution, *right, product=None):
    """The version's opinion of a solution whose steps are right with these probabilities; none is neutral."""
    found = product
    if found is None:
        found = 1.0
        for one in right:
            found *= one
    return SolutionScore.objects.create(
        project=version.project,
        solution=solution,
        version=version,
        product=found,
        minimum=min(right),
        probabilities=[[1 - one, 0.0, one] for one in right],
    )


@pytest.fixture
def selector(project):
    return finished_round(project, report={"labels": 40}, metrics=TRAINED).selector


@pytest.fixture
def solution(project):
    return factories.solution(problem_=factories.problem(project, text="How much is $x$?"), grade="wrong")


@pytest.fixture
def staff(project, mel):
    return Membership.objects.select_related("project", "user").get(project=project, user=mel)


# Who may see them -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("page", ["models/", "models/{model}/", "solutions/{solution}/"])
def test_models_are_shown_to_ml_staff_and_leads_and_never_to_labelers(
    page, selector, solution, alice, mel, dana, charlie, client_for
):
    score(selector, solution, 0.9, 0.1, 0.8)
    url = f"/p/algebra/{page}".format(model=selector.pk, solution=solution.pk)

    assert [client_for(user).get(url).status_code for user in (mel, dana)] == [200, 200]
    assert client_for(alice.user).get(url).status_code == 403
    assert client_for(charlie.user).get(url).status_code == 404
    assert Client().get(url)["Location"] == f"/accounts/sign-in/?next={url}"
    assert client_for(mel).post(url).status_code == 405


def test_models_and_solutions_of_other_projects_are_not_there(mel, charlie, client_for):
    other = finished_round(charlie.project, metrics=TRAINED).selector
    foreign = factories.solution(charlie.project)

    for path in (
        f"models/{other.pk}",
        f"solutions/{foreign.pk}",
        "models/0",
        f"models/{10**30}",
        f"solutions/{10**30}",
    ):
        assert client_for(mel).get(f"/p/algebra/{path}/").status_code == 404


# All of them ----------------------------------------------------------------------------------------------------------


def test_a_project_without_a_model_says_so(mel, client_for):
    assert "There is no model yet." in page_of(client_for(mel), "/p/algebra/models/")


def test_the_newest_model_stands_first_with_its_state_and_why_it_was_held_back(project, mel, client_for):
    first, second = two_selectors(project)

    page = page_of(client_for(mel), "/p/algebra/models/")

    assert page.index(f"Selector {second.pk} </a>") < page.index(f"Selector {first.pk} </a>")
    assert '<span class="tag bad">held back</span>' in page
    assert "It is worse than the one in use, and was held back." in page
    assert page.count('<span class="tag great">in use</span>') == 1
    assert "Side by side" not in page


def test_models_are_compared_by_figures_and_by_the_settings_that_differ(project, mel, client_for):
    first = finished_round(project, report={"labels": 20}, metrics=TRAINED | {"step_auc": 0.8}).selector
    second = finished_round(project, report={"labels": 45}, metrics=TRAINED | {"step_auc": 0.85}).selector
    for one, mode in ((first, "probe"), (second, "full")):
        ModelVersion.objects.filter(pk=one.pk).update(config={"mode": mode, "epochs": 2})

    for query in (f"compare={second.pk},{first.pk}", f"compare={first.pk}&compare={second.pk}"):
        side = client_for(mel).get(f"/p/algebra/models/?{query}").context["page"].side
        assert [one.pk for one in side.versions] == [first.pk, second.pk]
        (auc,) = [row for row in side.rows if row.name == "Step AUC"]
        assert auc.cells[0] == versions.Cell(0.8, None)
        assert auc.cells[1].change == pytest.approx(0.05)
        (labels,) = [row for row in side.rows if row.name == "Labels used"]
        assert [cell.value for cell in labels.cells] == [20, 45]
        assert side.settings == [("mode", ["probe", "full"])]


@pytest.mark.parametrize("query", ["", "compare=", "compare=x,-1,²", "compare=9999999999999999999999", "compare={one}"])
def test_less_than_two_models_are_not_compared(query, selector, mel, client_for):
    answer = client_for(mel).get(f"/p/algebra/models/?{query.format(one=selector.pk)}")

    assert answer.status_code == 200
    assert answer.context["page"].side is None


def test_the_list_takes_as_many_queries_for_many_models_as_for_one(project, mel, client_for, django_assert_num_queries):
    client = client_for(mel)
    for _ in range(4):
        found = finished_round(project, metrics=TRAINED).selector
        # who · the versions with their rounds
        with django_assert_num_queries(WHO + 1):
            client.get(f"/p/algebra/models/?compare={found.pk},{found.pk - 1}")


# One in full ----------------------------------------------------------------------------------------------------------


def test_a_model_tells_how_it_was_trained_and_what_left_out(selector, mel, client_for):
    page = page_of(client_for(mel), f"/p/algebra/models/{selector.pk}/")

    assert "Loss over 30 steps of training, from 1.500 to 0.300." in page
    assert "with 210 ratings of steps" in page
    assert '<dt>Left out: given up</dt><dd><b class="number">3</b>' in page
    assert '<dt>Too long to read</dt><dd><b class="number">2</b>' in page
    assert '<dt>Time of training</dt><dd><b class="number">2 min 5 s</b>' in page
    assert "It has scored nothing" in page


def test_a_model_of_an_older_worker_has_no_loss_curve_and_is_shown_all_the_same(project, mel, client_for):
    old = finished_round(project, metrics=METRICS).selector

    assert "Its loss curve was not stored." in page_of(client_for(mel), f"/p/algebra/models/{old.pk}/")


def test_a_model_names_the_one_it_was_to_replace_and_the_rounds_that_it_chose_for(project, mel, client_for):
    first = finished_round(project, metrics=METRICS).selector
    told = {"comparison": HELD_BACK | {"active": first.pk}}
    second = finished_round(project, report=told, metrics=METRICS).selector
    factories.queued(project)

    page = page_of(client_for(mel), f"/p/algebra/models/{second.pk}/")

    assert f"?compare={first.pk},{second.pk}#side" in page
    assert "0.899 before; the difference lies between -0.250 and -0.101 (95 %)" in page
    assert 'href="/p/algebra/rounds/1/">Round 1</a> 0 solutions' in page


def test_g12_ml_staff_promote_from_the_page_of_a_model_and_leads_only_look(project, mel, dana, client_for):
    first, second = two_selectors(project)

    assert '/p/algebra/rounds/1/use/"' in page_of(client_for(mel), f"/p/algebra/models/{second.pk}/")
    assert "/use/" not in page_of(client_for(mel), f"/p/algebra/models/{first.pk}/")  # it is in use
    assert "/use/" not in page_of(client_for(dana), f"/p/algebra/models/{second.pk}/")


def test_scores_are_counted_by_what_the_answer_is_worth(selector, project):
    grades = {"correct": [0.0, 0.049, 0.05, 1.0], "wrong": [0.999], "ambiguous": [0.5], "ungradable": [0.51]}
    for grade, products in grades.items():
        for product in products:
            score(selector, factories.solution(project, grade=grade), 0.5, 0.5, 0.5, product=product)

    spread = version_scores.spread_of(selector)

    assert spread.right == [2, 1, *[0] * 16, 0, 1]
    assert spread.wrong == [*[0] * 19, 1]
    assert spread.ungraded == [*[0] * 10, 2, *[0] * 9]
    assert spread.scored == 7


def test_ev11_a_score_that_falls_with_every_step_is_biased_by_length(selector, project):
    # EV11. The product falls with every step, the least step rises.
    for length, minimum in ((1, 0.1), (2, 0.2), (4, 0.3)):
        solution = factories.solution(project, steps=[f"{length}, {step}" for step in range(length)])
        score(selector, solution, minimum, product=0.9**length)

    bias = version_scores.length_bias(selector, scored=3)

    assert (bias.solutions, bias.product, bias.minimum) == (3, pytest.approx(-1), pytest.approx(1))


def test_rank_correlation_shares_the_mean_rank_of_equal_values():
    # Ranks 1, 2.5, 2.5, 4 against 1, 3, 2, 4: covariance 4.5, variances 4.5 and 5: 4.5 / sqrt(22.5)
    assert version_scores.spearman([1, 2, 2, 3], [10, 30, 20, 40]) == pytest.approx(4.5 / 22.5**0.5)
    assert version_scores.spearman([1, 1, 1], [1, 2, 3]) is None
    assert version_scores.spearman([], []) is None


def test_length_bias_looks_at_a_bounded_sample_of_all_scores(selector, project, monkeypatch):
    monkeypatch.setattr(version_scores, "SAMPLE", 3)
    for place in range(7):
        steps = [f"{place}, {step}" for step in range(1 + place)]
        score(selector, factories.solution(project, steps=steps), 0.5, product=0.5 + place / 100)

    assert 2 <= version_scores.length_bias(selector, scored=7).solutions <= 3


def test_ev12_the_lists_hold_where_model_and_answer_disagree_the_worst_first(selector, project, mel, client_for):
    # EV12
    made = {
        name: score(selector, factories.solution(project, grade=grade), *right)
        for name, grade, right in [
            ("low", "correct", (0.9, 0.4, 0.9)),
            ("lower", "correct", (0.9, 0.1, 0.9)),
            ("fine", "correct", (0.9, 0.9, 0.9)),
            ("high", "wrong", (0.9, 0.9, 0.9)),
            ("higher", "wrong", (0.95, 0.95, 0.95)),
            ("seen", "wrong", (0.9, 0.1, 0.9)),
            ("unknown", "ambiguous", (0.9, 0.1, 0.9)),
        ]
    }

    found = version_scores.scores(selector)

    assert found.low_steps.rows == [made["lower"], made["low"]]
    assert found.high_scores.rows == [made["higher"], made["high"]]
    assert (found.low_steps.count, found.high_scores.count) == (2, 2)
    page = page_of(client_for(mel), f"/p/algebra/models/{selector.pk}/")
    assert f"/p/algebra/solutions/{made['lower'].solution_id}/?model={selector.pk}" in page


def test_a_model_takes_as_many_queries_for_many_scores_as_for_one(
    selector, project, mel, client_for, django_assert_num_queries
):
    client = client_for(mel)
    for grade in ("correct", "wrong", "correct"):
        score(selector, factories.solution(project, grade=grade), 0.9, 0.4, 0.9)
        # who · the version · run of tallies · spread · counts of both lists · both lists · bias · rounds that it chose for
        # · calibration
        with django_assert_num_queries(WHO + 9):
            client.get(f"/p/algebra/models/{selector.pk}/")


def test_ev9_probabilities_are_held_against_what_people_said_afterwards(selector, project, alice, mel, client_for):
    # EV9. P(bad): .12 twice, .88 twice, of which one is bad, and .21.
    for slot in factories.queued(project, 2):
        score(selector, slot.solution, 0.88, 0.12, 0.79)
    factories.label(alice, (1, -1))
    factories.label(alice, (1, 0, 1))

    found = calibration.calibration(selector)

    assert [(one.place, one.steps, one.bad) for one in found.bins] == [(2, 2, 0), (4, 1, 0), (17, 2, 1)]
    assert [one.mean for one in found.bins] == pytest.approx([0.12, 0.21, 0.88])
    assert found.error == pytest.approx((2 * 0.12 + 1 * 0.21 + 2 * 0.38) / 5)
    cuts = {cut.threshold: (cut.found, cut.alarms) for cut in found.sweep}
    assert (cuts[0.1], cuts[0.15], cuts[0.85], cuts[0.9]) == ((1.0, 1.0), (1.0, 0.5), (1.0, 0.25), (0.0, 0.0))
    assert "5 steps, calibration error 0.242." in page_of(client_for(mel), f"/p/algebra/models/{selector.pk}/")


def test_what_a_model_was_trained_on_tells_nothing_of_its_calibration(project, alice):
    (slot,) = factories.queued(project)
    factories.label(alice, (1, 0, -1))
    later = finished_round(project, metrics=TRAINED).selector
    score(later, slot.solution, 0.9, 0.1, 0.8)

    assert calibration.calibration(later).error is None


# A solution -----------------------------------------------------------------------------------------------------------


def test_ev10_every_step_has_its_probability_as_a_number_a_bar_and_a_colour(selector, solution, mel, client_for):
    # EV10
    score(selector, solution, 0.95, 0.74, 0.081)

    page = page_of(client_for(mel), f"/p/algebra/solutions/{solution.pk}/")

    for shade, number, percent in ((9, "0.950", "95.0"), (7, "0.740", "74.0"), (0, "0.081", "8.1")):
        assert f'<li data-shade="{shade}"' in page
        assert f'<b class="number">{number}</b>' in page
        assert f'<rect class="part" width="{percent}" height="8"/>' in page


def test_the_first_step_that_is_bad_with_a_probability_above_the_threshold_is_the_predicted_error(
    selector, solution, staff
):
    score(selector, solution, 0.8, 0.79, 0.1)
    SolutionScore.objects.update(probabilities=[[0.2, 0.0, 0.8], [0.21, 0.0, 0.79], [0.9, 0.0, 0.1]])  # above .2

    page = solutions.solution_page(solution, by=staff, version=selector.pk)

    assert page.shown.first_error == 1
    assert [step.is_first_error for step in page.steps] == [False, True, False]
    assert [step.is_least for step in page.steps] == [False, False, True]


@pytest.mark.parametrize(("neutral", "right"), [("positive", 0.75), ("negative", 0.25)])
def test_an_okay_step_counts_as_the_model_was_trained_to_count_it(neutral, right, selector, solution, staff):
    selector.config = {"neutral": neutral}
    selector.save()
    SolutionScore.objects.create(
        project=selector.project,
        solution=solution,
        version=selector,
        product=0.5,
        minimum=0.5,
        probabilities=[[0.25, 0.5, 0.25]] * 3,
    )

    page = solutions.solution_page(solution, by=staff, version=None)

    assert [step.opinion.right for step in page.steps] == [right] * 3


def test_people_s_ratings_stand_beside_those_of_the_model(project, alice, mel, selector, client_for, staff):
    (slot,) = factories.queued(project)
    score(selector, slot.solution, 0.9, 0.4, 0.9)
    factories.label(alice, (1, 0, -1))

    page = page_of(client_for(mel), f"/p/algebra/solutions/{slot.solution_id}/")

    assert "People:" in page
    rated = solutions.solution_page(slot.solution, by=staff, version=None).steps
    assert [step.rated for step in rated] == [[solutions.Rated(rating, 1)] for rating in (1, 0, -1)]


def test_ratings_of_other_steps_than_the_solution_s_own_do_not_stand_beside_it(project, alice, selector, staff):
    (slot,) = factories.queued(project)
    score(selector, slot.solution, 0.9, 0.4, 0.9)
    label = factories.label(alice, (1, -1))
    StepRating.objects.create(label=label, step=1, option=1, text="Another way.", rating=1)

    rated = solutions.solution_page(slot.solution, by=staff, version=None).steps[1].rated

    assert rated == [solutions.Rated(-1, 1)]
    assert calibration.calibration(selector).steps == 2


def test_another_model_s_opinion_is_chosen_and_one_that_has_none_is_named(project, solution, mel, client_for):
    first, second = two_selectors(project)
    score(first, solution, 0.9, 0.8, 0.7)
    score(second, solution, 0.2, 0.3, 0.4)
    url, client = f"/p/algebra/solutions/{solution.pk}/", client_for(mel)

    assert client.get(url).context["page"].shown.version == first  # the one in use
    assert client.get(f"{url}?model={second.pk}").context["page"].shown.version == second
    assert "has not scored this solution" not in page_of(client, f"{url}?model={second.pk}")
    assert f"Model 77777 has not scored this solution; you see what model {first.pk} says." in page_of(
        client, f"{url}?model=77777"
    )


def test_a_solution_that_no_model_has_scored_is_shown_with_its_steps(solution, mel, client_for):
    page = page_of(client_for(mel), f"/p/algebra/solutions/{solution.pk}/")

    assert "No model has scored it yet." in page
    assert "Another step." in page


def test_a_solution_takes_as_many_queries_for_many_models_as_for_one(
    project, solution, alice, mel, client_for, django_assert_num_queries
):
    client = client_for(mel)
    for _ in range(3):
        score(finished_round(project, metrics=TRAINED).selector, solution, 0.9, 0.4, 0.9)
        # who · solution with its problem · opinions · ratings · labels · slots with their rounds · gold
        with django_assert_num_queries(WHO + 6):
            client.get(f"/p/algebra/solutions/{solution.pk}/")


def test_hostile_texts_are_text(project, mel, selector, client_for):
    hostile = "<script>alert(1)</script>"
    made = factories.solution(problem_=factories.problem(project, text=hostile), steps=[hostile], answer=hostile)
    score(selector, made, 0.5)

    page = page_of(client_for(mel), f"/p/algebra/solutions/{made.pk}/?model={hostile}")

    assert "<script>alert" not in page
    assert page.count("&lt;script&gt;alert(1)") >= 3


# Pictures -------------------------------------------------------------------------------------------------------------


def test_a_loss_curve_falls_from_the_upper_edge_over_the_whole_width():
    curve = loss_curve([(10, 2.0), (20, 1.0), (40, 0.0)])

    assert curve.points == "70.0,8.0 140.0,36.0 280.0,64.0"
    assert (curve.first, curve.last, curve.high, curve.steps) == (2.0, 0.0, 2.0, 40)
    assert loss_curve([(1, 0.5)]) is None


def test_a_dot_stands_where_prediction_and_truth_meet_and_is_grey_for_a_few_steps():
    many, few = reliability([calibration.Bin(2, 10, 1, 0.125), calibration.Bin(18, 9, 9, 0.9)])

    assert (many.x, many.y, many.is_of_few) == (12.5, 90.0, False)
    assert (few.x, few.y, few.is_of_few) == (90.0, 0.0, True)


def test_the_highest_column_fills_the_height():
    columns = histogram([1, 0, 4, 2])

    assert [one.height for one in columns] == [16.0, 0.0, 64.0, 32.0]
    assert [one.x for one in columns] == [1, 71, 141, 211]
    assert [(one.low, one.high) for one in columns][2] == (0.5, 0.75)
    assert all(one.height == 0 for one in histogram([0, 0]))


# A round that runs ----------------------------------------------------------------------------------------------------


def beat(job, *, done=40, rate=2.0):
    losses = [[10, 1.5], [20, 0.75], [done, 0.5]]
    jobs.heartbeat(job=job, progress=jobs.Progress("train", done, 400, "loss 0.5", rate, losses))


def test_h6_a_running_round_shows_its_loss_its_speed_and_when_the_stage_may_end(project, mel, client_for):
    _round, job = factories.running_round(project)
    beat(job)

    for path in ("rounds/", "rounds/0/", "rounds/0/progress/"):
        page = page_of(client_for(mel), f"/p/algebra/{path}")
        assert "about 3 minutes left · 2.0 a second" in page  # 360 steps at 2 a second
        assert "Loss over 40 steps of training, from 1.500 to 0.500." in page


def test_the_loss_of_a_round_that_is_done_is_drawn_from_its_first_step_on(project, mel, client_for):
    round_, job = factories.running_round(project)
    beat(job)
    report = {"metrics": {"losses": [[1, 2.5], [10, 1.5], [40, 0.5]]}}
    rounds.fill_round(round=round_, job=job, version=None, picks=[], report=report)

    page = page_of(client_for(mel), "/p/algebra/rounds/0/")

    assert "Loss over 40 steps of training, from 2.500 to 0.500." in page


@pytest.mark.parametrize(
    ("done", "rate", "words"),
    [
        (399, 2.0, "less than a minute left · 2.0 a second"),
        (280, 2.0, "about 1 minute left · 2.0 a second"),
        (399, 25.4, "less than a minute left · 25 a second"),
        (40, 0.05, "about 2 hours left · 3.0 a minute"),
        (40, None, ""),
        (400, 2.0, ""),
    ],
)
def test_the_time_left_is_told_in_round_words_and_not_at_all_where_it_is_not_known(done, rate, words, project):
    _round, job = factories.running_round(project)
    beat(job, done=done, rate=rate)
    job.refresh_from_db()

    assert job_words.pace(job, now=job.heartbeat_at) == words


def test_no_time_is_promised_by_a_silent_worker_or_one_that_was_asked_to_stop(project, mel):
    round_, job = factories.running_round(project)
    beat(job)
    job.refresh_from_db()

    assert job_words.pace(job, now=job.lease_until + timedelta(seconds=1)) == ""
    rounds.cancel_round(round=round_, by=mel)
    job.refresh_from_db()
    assert job_words.pace(job, now=job.heartbeat_at) == ""


def test_picks_link_to_what_their_selector_says_of_them(project, mel, client_for):
    selector = finished_round(project, metrics=METRICS).selector
    chosen = pick(project)
    reason = {"score": 0.5, "rank": 1, "version": selector.pk}
    finished_round(project, picks=[rounds.Pick(chosen.solution_id, "remaining", 1.0, reason)])

    page = page_of(client_for(mel), "/p/algebra/rounds/1/")

    assert f'href="/p/algebra/solutions/{chosen.solution_id}/?model={selector.pk}"' in page
    assert f'href="/p/algebra/models/{selector.pk}/"' in page
