"""A job in the hands of a worker: its programs and its progress."""

import logging
import subprocess
import sys
import time

import pytest

from active_learning.resumable import Part
from annotation import logs
from annotation.models import Job
from annotation.services import jobs
from tests import factories
from workers import duty
from workers.child import Child, ChildFailed, ChildKilled
from workers.duty import Duty


@pytest.mark.django_db
def test_what_a_program_calls_its_stage_does_not_hide_the_stage_of_the_job(project, tmp_path):
    _round, job = factories.running_round(project)
    duty = Duty(job)

    duty.run_child(["toy", "--out", str(tmp_path / "toy"), "--problems", "1"])  # its last line has the stage "done"
    duty.beat_now()

    assert Job.objects.get(pk=job.pk).stage == "toy"


@pytest.mark.parametrize(
    ("end", "raised"),
    [
        ("os.kill(os.getpid(), 9)", ChildKilled),
        ("os.kill(os.getpid(), 15)", ChildKilled),
        ("sys.exit(75)", ChildKilled),
        ("os.kill(os.getpid(), 11)", ChildFailed),
        ("os.abort()", ChildFailed),
        ("sys.exit(1)", ChildFailed),
    ],
)
def test_h9_only_a_program_that_somebody_ended_is_worth_another_start(end, raised, monkeypatch):
    real = subprocess.Popen
    code = f"import os, resource, sys; resource.setrlimit(resource.RLIMIT_CORE, (0, 0)); {end}"
    monkeypatch.setattr(
        "workers.child.subprocess.Popen", lambda _, **given: real([sys.executable, "-c", code], **given)
    )

    with pytest.raises(ChildFailed) as ended:
        Child(["train"]).follow(progress=lambda _: None, log=lambda _: None)

    assert type(ended.value) is raised


def test_a_program_of_the_science_is_told_no_secret_but_the_key_of_generators(monkeypatch):
    secret = ["SECRET_KEY", "SECRET_KEY_FALLBACKS", "DATABASE_URL", "REDIS_URL", "HF_TOKEN", "METRICS_TOKEN"]
    secret += ["POSTGRES_PASSWORD", "REDIS_PASSWORD", "OIDC_CLIENT_SECRET", "OIDC_ISSUER"]
    for name in [*secret, "GENERATOR_KEY", "DATA_DIR"]:
        monkeypatch.setenv(name, "told")
    real, said = subprocess.Popen, []
    code = "import json, os; print(json.dumps(sorted(name for name, value in os.environ.items() if value == 'told')))"
    monkeypatch.setattr(
        "workers.child.subprocess.Popen", lambda _, **given: real([sys.executable, "-c", code], **given)
    )

    Child(["train"]).follow(progress=lambda _: None, log=said.append)

    assert said == ['["DATA_DIR", "GENERATOR_KEY"]']


@pytest.mark.proof
def test_a_program_whose_output_another_one_is_writing_lets_the_job_wait(tmp_path):
    out = tmp_path / "solutions.jsonl"
    (tmp_path / "problems.jsonl").write_text("")
    given = ["--generator", "toy", "--problems", str(tmp_path / "problems.jsonl"), "--out", str(out)]

    with Part(out).alone(), pytest.raises(jobs.MustWait):
        Child(["solutions", *given]).follow(progress=lambda _: None, log=lambda _: None)


class Program:
    """In place of a child process: it says these lines one after the other."""

    def __init__(self, lines, after_each):
        self.lines, self.after_each = lines, after_each

    def __call__(self, _arguments):
        return self

    def follow(self, *, progress, log):
        for line in self.lines:
            progress(line)
            self.after_each()


@pytest.mark.django_db
def test_h12_progress_never_goes_back(project, monkeypatch):
    _round, job = factories.running_round(project)
    duty, seen = Duty(job), []

    def look():
        duty.beat_now()
        seen.append(Job.objects.values_list("stage", "done", "total").get(pk=job.pk))

    lines = [
        {"stage": "pretrain", "done": 9, "total": 9},
        {"stage": "train", "done": 2, "total": 8, "loss": 0.7},
        {"stage": "train", "done": 5, "total": 8, "loss": 0.5},
        {"stage": "train", "done": 4, "total": 8},
        {"stage": "pretrain", "done": 1, "total": 9},
        {"stage": "done"},
        {"stage": "train", "done": 8, "total": 8},
    ]
    monkeypatch.setattr("workers.duty.Child", Program(lines, look))

    duty.run_child(["train"])

    assert [done for _, done, _ in seen] == [0, 2, 5, 5, 5, 5, 8]
    assert {(stage, total) for stage, _, total in seen[1:]} == {("train", 8)}


@pytest.mark.django_db
def test_what_is_logged_of_a_job_names_it_from_its_heartbeat_too(project, monkeypatch):
    job = Job.objects.create(project=project, kind="import")
    monkeypatch.setattr(duty, "HEARTBEAT_SECONDS", 0.01)
    monkeypatch.setattr(Duty, "beat_now", lambda self: heard.append(logs.Line().format(logging.makeLogRecord({}))))
    heard, imports = [], Work()

    assert duty.work_off("import", imports) == 1

    assert len(heard) > 1
    assert {line.rpartition("[")[2] for line in heard} == {f"job={job.pk} kind=import project={project.pk}]"}


class Work:
    """Takes as long as some heartbeats."""

    def run(self, duty):
        time.sleep(0.2)
