"""Names that stand in two places are the same in both."""

import re
from pathlib import Path

from django.urls import get_resolver

from active_learning import grading, records
from annotation import jobs
from annotation.api import errors
from annotation.models.labels import FinishReason
from annotation.models.problems import Grade
from annotation.services.refusal import Refusal
from workers import routing, schedule
from workers.celery import app

ROOT = Path(__file__).resolve().parents[2]


def test_every_job_name_is_a_task_that_workers_register_and_the_other_way_round():
    app.loader.import_default_modules()
    ours = {name for name in app.tasks if name.startswith("workers.")}

    assert ours == set(jobs.QUEUES) == set(routing.ROUTES)
    assert {entry["task"] for entry in schedule.SCHEDULE.values()} <= ours


def test_the_database_and_the_files_know_the_same_grades_and_finish_reasons():
    assert set(Grade.values) - {Grade.PENDING} == {grade.value for grade in grading.Grade}
    assert set(FinishReason.values) == set(records.FINISH_REASONS)


def test_every_refusal_has_a_row_in_the_table_to_http():
    def below(kind):
        for child in kind.__subclasses__():
            yield child
            yield from below(child)

    services = {f"annotation.services.{name}" for name in SERVED}
    reachable = {kind for kind in below(Refusal) if kind.__module__ in services}

    assert set(errors.REFUSALS) == reachable


# The services that endpoints call, directly or through another one; commands and forms print refusals themselves.
SERVED = {"queue", "labeling", "judgements", "options", "guidance", "rounds", "scoring", "jobs", "tokens"} | {
    "importing",
    "export_contents",
    "export_hub",
    "export_orders",
    "snapshots",
    "import_batches",
    "import_layouts",
    "import_uses",
    "line_files",
    "adjudication",
    "flags",
    "gold",
    "gold_import",
    "invitations",
    "labelers",
    "members",
    "problems",
    "import_lock",
    "publishing",
    "project_settings",
    "quality",
    "resolutions",
    "screening",
    "truths",
    "outgoing",
    "webhooks",
    "automatic",
    "consensus",
    "generators",
    "sampling",
}


def test_every_refusal_is_a_sentence():
    sentences = [str(kind()) for kind in errors.REFUSALS]

    assert [text for text in sentences if not text.endswith(".")] == []


def test_every_environment_variable_is_in_the_example_file_and_the_other_way_round():
    source = (ROOT / "annotation" / "settings.py").read_text()
    read = set(re.findall(r'\benv(?:\.\w+)?\(\s*"([A-Z_]+)"', source))
    listed = set(re.findall(r"^#? ?([A-Z_]+)=", (ROOT / ".env.example").read_text(), re.MULTILINE))

    assert read
    assert read <= listed


def test_no_route_hides_outside_the_known_prefixes():
    prefixes = {str(pattern.pattern).split("/")[0] for pattern in get_resolver().url_patterns}

    assert prefixes <= {"", "api", "accounts", "new", "p", "healthz", "readyz", "metrics"}
