"""Whether this installation is sound: one line for each part of it, with what to do. `manage.py doctor` prints them."""

from collections.abc import Collection, Iterator

from annotation.queries import doctor_database, doctor_machine, doctor_outside, doctor_parts
from annotation.queries.diagnosis import Check, State


def examine(*, url: str = "", without: Collection[str] = ()) -> list[Check]:
    """Look at everything; through the proxy, too, where its `url` is given. Changes nothing."""
    return [check for check in _all(url) if check.name not in without]


def _all(url: str) -> Iterator[Check]:
    first = doctor_database.reachable()
    yield first
    if first.state != State.BAD:  # else each of these would only say so once more
        yield from doctor_database.checks()
        yield from doctor_parts.checks()
        yield doctor_machine.models()
    yield doctor_parts.broker()
    yield from doctor_machine.checks()
    if url:
        yield doctor_outside.proxy(url)
