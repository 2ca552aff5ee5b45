"""/metrics: nobody's without the token, and then as it stands in the database and as all web processes have counted."""

import os
import secrets
import socket
import subprocess
import sys
import time
import urllib.request
from datetime import timedelta
from pathlib import Path

import pytest
from django.db import connection
from django.db.models.functions import Now
from django.test import Client
from prometheus_client.parser import text_string_to_metric_families

from annotation.models import Job, Slot
from annotation.queries import metrics
from labeling_ui import request_counts
from tests import factories, services

ROOT = Path(__file__).parents[2]
TOKEN = secrets.token_urlsafe(48)


def samples(text):
    found = [sample for family in text_string_to_metric_families(text) for sample in family.samples]
    return {(one.name, *sorted(one.labels.values())): one.value for one in found}


def gauges():
    return {(one.name, *labels): value for one in metrics.gauges() for labels, value in one.rows}


@pytest.fixture
def token(settings, monkeypatch, tmp_path):
    settings.METRICS_TOKEN = TOKEN
    monkeypatch.setenv("PROMETHEUS_MULTIPROC_DIR", str(tmp_path))


@pytest.mark.django_db
def test_without_a_token_in_the_settings_there_is_no_such_page(client):
    assert client.get("/metrics", headers={"Authorization": "Bearer "}).status_code == 404


@pytest.mark.django_db
@pytest.mark.parametrize("given", ["", "Bearer", f"Bearer {TOKEN}x", f"Basic {TOKEN}", TOKEN], ids=range(5))
def test_only_the_token_opens_it(token, client, given, dana, client_for):
    assert client.get("/metrics", headers={"Authorization": given}).status_code == 401
    assert client_for(dana).get("/metrics", headers={"Authorization": given}).status_code == 401


@pytest.mark.django_db
def test_with_it_the_numbers_come_in_the_format_of_prometheus(token, client, project):
    factories.queued(project, 3)

    answer = client.get("/metrics", headers={"Authorization": f"Bearer {TOKEN}"})

    assert answer["Content-Type"].startswith("text/plain; version=0.0.4")
    assert samples(answer.text)["stepmark_slots", "algebra", "ready"] == 3


@pytest.mark.django_db
def test_the_queue_and_the_labels_are_counted_by_project(project, alice, django_assert_num_queries):
    factories.queued(project, 4)
    factories.label(alice)  # and the next two are in their hands
    assert Slot.objects.filter(state="leased").count() == 2
    one = Slot.objects.filter(state="leased").first()

    with django_assert_num_queries(7):
        found = gauges()
    Slot.objects.filter(pk=one.pk).update(lease_until=Now() - timedelta(seconds=1))
    later = gauges()

    assert found["stepmark_slots", "algebra", "ready"] == 1
    assert found["stepmark_slots", "algebra", "leased"] == later["stepmark_slots", "algebra", "leased"] == 2
    assert (found["stepmark_leases", "algebra"], later["stepmark_leases", "algebra"]) == (2, 1)
    assert found["stepmark_labels_last_hour", "algebra"] == 1
    assert ("stepmark_slots", "algebra", "done") not in found


@pytest.mark.django_db
def test_jobs_are_counted_and_the_oldest_and_the_most_silent_one_is_timed(project):
    for minutes in (1, 5):
        Job.objects.create(project=project, kind="import", created_at=Now() - timedelta(minutes=minutes))
    Job.objects.create(
        project=project, kind="round", state="running", lease_until=Now(), heartbeat_at=Now() - timedelta(seconds=20)
    )
    ended = {"project": project, "kind": "export", "state": "failed", "error": "the disk is full"}
    Job.objects.create(**ended, finished_at=Now() - timedelta(hours=2))
    Job.objects.create(**ended, finished_at=Now() - timedelta(days=2))

    found = gauges()

    assert found["stepmark_jobs", "import", "queued"] == 2
    assert found["stepmark_jobs", "export", "failed"] == 1
    assert found["stepmark_oldest_queued_job_seconds", "import"] == pytest.approx(300, abs=1)
    assert found["stepmark_job_heartbeat_seconds", "round"] == pytest.approx(20, abs=1)


@pytest.mark.django_db
def test_of_several_workers_the_one_seen_last_is_timed(db):
    factories.pulse("gpu", "gpu@one", seconds=50)
    factories.pulse("gpu", "gpu@two", seconds=5)

    assert gauges()["stepmark_pulse_seconds", "gpu"] == pytest.approx(5, abs=1)


@pytest.fixture
def site(tmp_path):
    """Two web processes under one gunicorn, with the token; its address."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    own = {"DATABASE_URL": services.address_of(connection.settings_dict["NAME"]), "METRICS_TOKEN": TOKEN}
    own |= {
        "TMPDIR": str(tmp_path),
        "SECRET_KEY": secrets.token_urlsafe(64),
        "ALLOWED_HOSTS": "127.0.0.1",
        "SECURE": "false",
    }
    command = [
        str(Path(sys.executable).parent / "gunicorn"),
        "labeling_ui.wsgi",
        "--worker-class",
        "labeling_ui.threads.Threads",
    ]
    command += ["--workers", "2", "--threads", "2", "--bind", f"127.0.0.1:{port}", "--no-control-socket"]
    environment = {key: value for key, value in os.environ.items() if key != "PROMETHEUS_MULTIPROC_DIR"}
    process = subprocess.Popen(command, cwd=ROOT, env=environment | own, stderr=subprocess.DEVNULL)
    yield f"http://127.0.0.1:{port}"
    process.terminate()
    process.wait()


def fetch(url):
    return urllib.request.urlopen(urllib.request.Request(url, headers={"Authorization": f"Bearer {TOKEN}"}), timeout=30)


@pytest.mark.services
@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_requests_are_added_up_over_the_processes_of_the_web(site):
    deadline = time.monotonic() + 120
    while not answers(site):
        assert time.monotonic() < deadline, "the web did not start"
        time.sleep(0.1)
    # One that came too late for who asked may have been counted, too.
    before = counted(site)
    for _ in range(40):
        fetch(f"{site}/healthz").close()

    assert counted(site) == tuple(count + 40 for count in before)


def answers(site):
    try:
        fetch(f"{site}/healthz").close()
    except OSError:
        return False
    return True


def counted(site):
    with fetch(f"{site}/metrics") as answer:
        found = samples(answer.read().decode())
    return found["stepmark_requests_total", "200", "GET", "healthz"], found["stepmark_request_seconds_count", "healthz"]


def test_names_that_strangers_make_up_are_counted_as_one(settings, rf):
    settings.METRICS_TOKEN = TOKEN
    counted = request_counts.Counted(lambda request: Client().get("/healthz"))
    before = request_counts.REQUESTS.labels("none", "other", "200")._value.get()

    counted(rf.generic("MADE-UP", "/endless/names"))

    assert request_counts.REQUESTS.labels("none", "other", "200")._value.get() == before + 1
