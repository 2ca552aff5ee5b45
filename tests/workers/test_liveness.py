import os
import subprocess
import sys

import pytest
from celery import Celery
from redis.exceptions import ConnectionError

from annotation.jobs import lying
from annotation.models import Pulse
from tests import factories
from tests.workers.test_processes import wait_for
from workers import liveness
from workers.liveness import PATIENCE_SECONDS, Stall
from workers.tasks.sweep import sweep

QUEUE = "liveness-test"  # apart from the queues of other tests
WORKER = f"""
import django; django.setup()
from celery.signals import worker_ready
from tests.workers.test_liveness import sample_app
from workers import liveness
liveness.LOOK_SECONDS, liveness.PATIENCE_SECONDS = 0.2, 1.0
worker_ready.connect(liveness.watch)
sample_app().worker_main(["worker", "-Q", "{QUEUE}", "-c", "1", "--without-gossip", "--without-mingle"])
"""


def sample_app(broker: str = os.environ["REDIS_URL"]) -> Celery:
    return Celery("sample", broker=broker, set_as_current=False)


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock():
    return Clock()


def look(stall: Stall, *, is_idle: bool = True, waiting: int = 1) -> bool:
    return stall.seen(is_idle=is_idle, waiting=lambda: waiting)


def test_messages_that_wait_too_long_for_an_idle_worker_are_a_stall(clock):
    stall = Stall(clock)
    assert not look(stall)
    clock.now = PATIENCE_SECONDS
    assert not look(stall)
    clock.now = PATIENCE_SECONDS + 1
    assert look(stall)


@pytest.mark.parametrize("relief", [{"is_idle": False}, {"waiting": 0}])
def test_work_in_hand_or_an_empty_queue_starts_the_patience_anew(clock, relief):
    stall = Stall(clock)
    look(stall)
    clock.now = PATIENCE_SECONDS + 1
    assert not look(stall, **relief)
    assert not look(stall)


def test_an_absent_broker_is_no_stall():
    assert lying([QUEUE], sample_app("redis+socket:///nowhere/valkey.sock")) == 0


def test_a_broker_that_dies_between_the_greeting_and_the_question_is_no_stall(monkeypatch):
    def dies(*_):
        raise ConnectionError("Connection closed by server.")

    monkeypatch.setattr("redis.Redis.llen", dies)

    assert lying([QUEUE], sample_app()) == 0


def test_the_watch_outlives_whatever_goes_wrong_in_a_look(monkeypatch, caplog):
    def ended(status):
        raise SystemExit(status)

    looks = iter([RuntimeError("a bug"), RuntimeError("another one"), None])

    def waiting(*_):
        if error := next(looks):
            raise error
        return 1

    monkeypatch.setattr(liveness, "lying", waiting)
    monkeypatch.setattr(liveness, "_say_alive", lambda *_: None)
    monkeypatch.setattr(liveness, "LOOK_SECONDS", 0.0)
    monkeypatch.setattr(liveness, "PATIENCE_SECONDS", -1.0)
    monkeypatch.setattr(liveness.os, "_exit", ended)

    with pytest.raises(SystemExit):
        liveness._watch(sample_app(), [QUEUE], "worker@here")

    assert caplog.text.count("could not tell whether messages wait") == 2


@pytest.mark.django_db
def test_a_worker_says_which_known_queues_it_serves():
    liveness._say_alive(["gpu", QUEUE], "gpu@here")
    liveness._say_alive(["gpu", QUEUE], "gpu@here")

    assert [(one.part, one.place) for one in Pulse.objects.all()] == [("gpu", "gpu@here")]


@pytest.mark.django_db
def test_the_sweep_says_that_the_schedule_runs_and_forgets_who_was_replaced():
    factories.pulse("bulk", "bulk@gone", days=2)
    factories.pulse("bulk", "bulk@here", hours=2)
    factories.pulse("backup", days=9)

    sweep()

    assert {one.part for one in Pulse.objects.all()} == {"bulk", "schedule", "backup"}
    assert [one.place for one in Pulse.objects.filter(part="bulk")] == ["bulk@here"]


@pytest.mark.services
@pytest.mark.proof
def test_a_living_worker_that_has_stopped_consuming_ends_itself(tmp_path):
    app = sample_app()
    with (tmp_path / "worker.log").open("w") as log:
        worker = subprocess.Popen([sys.executable, "-c", WORKER], stdout=log, stderr=log)
    try:
        wait_for(lambda: app.control.inspect(timeout=0.5).ping(), 60)
        app.control.cancel_consumer(QUEUE, reply=True, timeout=5)
        assert worker.poll() is None

        app.send_task("sample.nothing", queue=QUEUE)

        assert worker.wait(20) == liveness.EXIT_STATUS
    finally:
        worker.kill()
        worker.wait()
    assert "none was taken" in (tmp_path / "worker.log").read_text()
