"""Many at once, round after round, each on a connection of their own; and the database without one of its walls."""

import contextlib
import threading

from django.core.management import call_command
from django.db import OperationalError, connection

from tests.annotation.test_races import at_once

WIDE = 90  # of the 100 connections that PostgreSQL takes by default


def in_rounds(act, people, rounds, *, between=None):
    """act(person) by everybody in the same moment, so many times; `between` is called before each. The answers, or the
    exceptions, of each round."""
    gate = threading.Barrier(len(people), action=between)
    answers = [[None] * len(people) for _ in range(rounds)]

    def take_part(place):
        for number in range(rounds):
            gate.wait()
            try:
                answers[number][place] = act(people[place])
            except Exception as error:
                answers[number][place] = error

    for broken in failures(at_once(take_part, range(len(people)))):
        raise broken
    return answers


def asked_again(act):
    """As a page does that is answered 503: a lock that so many wait for may not come within its three seconds."""

    def patient(argument):
        for _ in range(20):
            with contextlib.suppress(OperationalError):
                return act(argument)
        return act(argument)

    return patient


def failures(answers, *refusals):
    """Exceptions that are none of these refusals."""
    return [one for one in answers if isinstance(one, Exception) and not isinstance(one, refusals)]


@contextlib.contextmanager
def without(model, *names):
    """The database while these constraints are dropped. It is empty afterwards, as after a test."""
    constraints = [one for one in model._meta.constraints if one.name in names]
    assert len(constraints) == len(names)
    with connection.schema_editor() as editor:
        for one in constraints:
            editor.remove_constraint(model, one)
    try:
        yield
    finally:
        call_command("flush", interactive=False, verbosity=0)
        with connection.schema_editor() as editor:
            for one in constraints:
                editor.add_constraint(model, one)
