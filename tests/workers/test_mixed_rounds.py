"""A round whose selector learns from automatic labels beside those of people (row K8)."""

import gzip
import json

import pytest

from active_learning.domains import chains
from annotation.models import AutomaticLabel, Job, Solution
from annotation.models.jobs import JobKind
from annotation.queries.automatic_pool import Choice
from annotation.services import automatic
from tests import factories
from tests.annotation.test_consensus import says
from tests.workers.test_rounds import label_everything, run_round, toy_project
from workers import automatic as automatic_work
from workers import leftovers
from workers.duty import work_off

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.services, pytest.mark.slow]


@pytest.mark.proof
def test_k8_a_selector_learns_from_automatic_labels_at_the_ratio_and_from_none_that_people_labeled(tmp_path, settings):
    settings.DATA_DIR = tmp_path
    project = toy_project()
    run_round(project)
    people = label_everything(factories.member(project, "labeler"))
    source = factories.automatic_source(project)
    for solution in Solution.objects.filter(project=project).select_related("problem"):
        says(source, solution, *(-1 if one < 0 else 1 for one in chains.rate(solution.problem.text, solution.steps)))
    Job.objects.filter(pk=source.job_id).update(state="done", finished_at=source.created_at)

    mixed = run_round(project, automatic_source=source.pk, automatic_ratio=0.5)

    assert (mixed.state, mixed.job.error) == ("done", "")
    told, counts = mixed.report["automatic"], mixed.selector.metrics["counts"]
    assert (told["source"], told["ratio"], told["left_out"]) == ("completer", 0.5, people)
    assert 0 < told["solutions"] <= people / 2
    assert counts["automatic_records"] == told["solutions"]
    assert mixed.manifest["automatic_source"] == source.pk
    with gzip.open(leftovers.folder_of(mixed) / "automatic.jsonl.gz") as lines:
        assert len([json.loads(line) for line in lines]) == Solution.objects.filter(project=project).count() - people
    assert not (leftovers.folder_of(mixed) / "automatic.left_out").exists()
    assert not (leftovers.folder_of(mixed) / "automatic.jsonl").exists()


def test_a_round_of_too_few_labels_says_that_it_did_not_use_the_automatic_ones(tmp_path, settings):
    settings.DATA_DIR = tmp_path
    project = toy_project()
    source = factories.automatic_source(project)
    says(source, Solution.objects.filter(project=project).first(), 1)
    Job.objects.filter(pk=source.job_id).update(state="done", finished_at=source.created_at)

    first = run_round(project, automatic_source=source.pk)

    assert (first.state, first.selector) == ("done", None)
    assert first.report["automatic"] == {"source": "completer", "ratio": 1.0, "is_used": False}


@pytest.mark.proof
def test_k8_a_search_rates_all_steps_as_far_as_the_first_bad_one(tmp_path, settings):
    settings.DATA_DIR = tmp_path
    project = toy_project()
    how = automatic.Rollouts("toy", rollouts=2, max_new_tokens=100, search=True)
    by = factories.member(project, "ml")
    automatic.request_labels(project=project, by=by, name="search", choice=Choice(most=20), how=how)

    assert work_off(JobKind.AUTOMATIC, automatic_work) == 1

    found = list(AutomaticLabel.objects.all())
    assert len(found) == 20
    assert any(None in one.estimates[:-1] for one in found)
    for one in found:
        said = one.ratings[: one.ratings.index(-1)] if -1 in one.ratings else one.ratings
        assert set(said) <= {1}
