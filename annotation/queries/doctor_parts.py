"""What runs beside the web: the broker, a worker for each queue, the schedule; and the backup."""

from collections.abc import Iterator
from datetime import timedelta

from django.conf import settings
from kombu import Connection
from kombu.exceptions import OperationalError

from annotation.models.pulses import REMEMBERED, Part
from annotation.queries import pulses
from annotation.queries.diagnosis import Check, bad, in_words, look, ok
from annotation.queries.pulses import Seen

SILENT = timedelta(seconds=60)  # they say something every five
MOST_NAMED = 5
BACKUP_EVERY = timedelta(hours=26)  # each night, with time to spare

SERVICES = {Part.DEFAULT: "worker", Part.BULK: "bulk-worker", Part.GPU: "gpu-worker"}


def broker() -> Check:
    try:
        with Connection(settings.CELERY_BROKER_URL, connect_timeout=2) as connection:
            connection.ensure_connection(max_retries=1, timeout=3)
    except (OperationalError, OSError) as error:
        do = (
            "Start Stepmark: make run."
            if settings.LOCAL
            else "Start it, or mend REDIS_URL. Labeling goes on meanwhile."
        )
        return bad("broker", f"It does not answer: {error}", do)
    return ok("broker", "It answers.")


def checks() -> Iterator[Check]:
    seen = pulses.seen()
    newest: dict[str, Seen] = {}
    for one in seen:
        newest.setdefault(one.part, one)
    for part, service in SERVICES.items():
        yield _workers(part, service, [one for one in seen if one.part == part])
    yield _schedule(newest.get(Part.SCHEDULE))
    yield _backup(newest.get(Part.BACKUP))


def _workers(part: Part, service: str, seen: list[Seen]) -> Check:
    """`seen`: at which places, the newest first."""
    name = f"queue {part}"
    again = f"Start {service} again, and read the end of its log."
    living = [one for one in seen if one.ago < SILENT]
    silent = [one for one in seen if SILENT <= one.ago < REMEMBERED] if living else seen
    if not living:
        last = "; " + _named(silent, "{} did {} ago") if silent else ""
        return bad(name, f"No worker serves it{last}.", _look_after(service) if settings.LOCAL else again)
    only = len(living) == 1
    serving = _named(living, "{} serves it, seen {} ago") if only else _named(living, "{} ({} ago)") + " serve it"
    if not silent:
        return ok(name, f"{serving}.")
    do = f"{again} One that was replaced is forgotten after a day."
    return look(name, f"{serving}. Silent: {_named(silent, '{} ({} ago)')}.", do)


def _named(seen: list[Seen], form: str) -> str:
    named = ", ".join(form.format(one.place, in_words(one.ago)) for one in seen[:MOST_NAMED])
    more = len(seen) - MOST_NAMED
    return f"{named} and {more} more" if more > 0 else named


def _schedule(seen: Seen | None) -> Check:
    if seen and seen.ago < SILENT:
        return ok("schedule", f"It swept {in_words(seen.ago)} ago.")
    told = f"The last sweep was {in_words(seen.ago)} ago." if seen else "It has never swept."
    start = "Start beat once, and the worker of the queue default, and read their logs."
    return bad("schedule", told, _look_after("beat") if settings.LOCAL else start)


def _look_after(program: str) -> str:
    """Where `make run` starts it, again and again if need be."""
    log = settings.DATA_DIR / "logs" / f"{program}.log"
    return f"Give it half a minute from the start of Stepmark (make run) on; then read the end of {log}."


def _backup(seen: Seen | None) -> Check:
    if seen and seen.ago < BACKUP_EVERY:
        return ok("backup", f"The last was made {in_words(seen.ago)} ago.")
    told = f"The last was made {in_words(seen.ago)} ago." if seen else "manage.py backup has never made one."
    do = "Run manage.py backup DIR each night. Whoever backs up otherwise says --without backup."
    return look("backup", told, do) if settings.LOCAL else bad("backup", told, do)
