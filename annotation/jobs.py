"""The names of background jobs, and how to knock on the workers' door.

The work itself is a row in PostgreSQL; a message that is lost, doubled or late costs seconds, never data.
"""

import logging
from collections.abc import Collection
from functools import cache, partial

from celery import Celery
from django.db import transaction
from kombu.exceptions import OperationalError
from redis.exceptions import RedisError

RUN_ROUNDS = "workers.run_rounds"
RUN_REFILLS = "workers.run_refills"
RUN_EXPORTS = "workers.run_exports"
RUN_OPTIONS = "workers.run_options"
RUN_GRADING = "workers.run_grading"
RUN_IMPORTS = "workers.run_imports"
RUN_WEBHOOKS = "workers.run_webhooks"
RUN_AUTOMATIC = "workers.run_automatic"
RUN_SAMPLING = "workers.run_sampling"
SWEEP = "workers.sweep"
TALLIES = "workers.renew_tallies"
FORGET = "workers.forget_visits"

# What needs the accelerator goes to the `gpu` queue, whose worker does one thing at a time.
# A labeler waits for options, and everybody for the sweep: neither is to wait behind a round, nor behind a file. Nor
# the sweep behind options, whose generator may be silent: workers/tasks/options.py leaves room for it.
QUEUES = {
    RUN_ROUNDS: "gpu",
    RUN_REFILLS: "gpu",
    RUN_AUTOMATIC: "gpu",
    RUN_SAMPLING: "gpu",
    RUN_EXPORTS: "bulk",
    RUN_OPTIONS: "default",
    RUN_GRADING: "bulk",
    RUN_IMPORTS: "bulk",
    RUN_WEBHOOKS: "bulk",
    SWEEP: "default",
    TALLIES: "default",
    FORGET: "bulk",
}

BROKER_AWAY = (OperationalError, OSError, RedisError)
# More than kinds of work in a queue. A worker that was busy for longer than they last throws them away, and is reminded anew.
ENOUGH = 20

log = logging.getLogger(__name__)


def wake(name: str) -> None:
    """After the commit, tell the workers that there is work. An absent broker is no error: the sweep finds the row."""
    transaction.on_commit(partial(_send, name))


def remind(name: str) -> None:
    """As `wake`, for who says it again every few seconds: not where messages lie that a busy worker has yet to take."""
    if lying([QUEUES[name]]) < ENOUGH:
        wake(name)


def lying(queues: Collection[str], app: Celery | None = None) -> int:
    """How many messages the broker has for these queues; 0 where it is away."""
    try:
        with (app or _producer()).connection_for_read(connect_timeout=2) as connection:
            connection.ensure_connection(max_retries=1)
            client = connection.default_channel.client  # type: ignore[attr-defined]  # the Redis transport's own
            return sum(client.llen(queue) for queue in queues)
    except BROKER_AWAY:
        return 0


@cache
def _producer() -> Celery:
    app = Celery("stepmark", set_as_current=False)
    app.config_from_object("django.conf:settings", namespace="CELERY")
    return app


def _send(name: str) -> None:
    try:
        _producer().send_task(name, queue=QUEUES[name], expires=60, retry=False, ignore_result=True)
    except BROKER_AWAY as error:
        log.warning("the broker is away (%s); the sweep will start %s", error, name)
