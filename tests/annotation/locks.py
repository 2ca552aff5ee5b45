"""Who holds one row and wants another, while a service wants both: with real connections."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

from django.db import connection, transaction

from annotation.models import Solution
from tests.annotation.test_people import wait_until, waiting_for_a_lock


def free_while_it_waits(act, *, held, free, no_key=True):
    """Run act() while these rows are held, and take another one once it waits for them; returns what act() does.

    Had it that one already, each would wait for the other for ever. `no_key`: as who changes a row, not who deletes it.
    """
    with waiting(act, held=held, no_key=no_key) as acting:
        type(free).objects.select_for_update(no_key=no_key, nowait=True).get(pk=free.pk)
    return acting.result()


@contextmanager
def waiting(act, *, held, no_key=True):
    """act() on a connection of its own, which waits for these rows as long as the block lasts; its future."""

    def on_its_own_connection():
        try:
            return act()
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as pool, transaction.atomic():
        for row in held:
            type(row).objects.select_for_update(no_key=no_key).get(pk=row.pk)
        acting = pool.submit(on_its_own_connection)
        wait_until(waiting_for_a_lock)
        assert not acting.done()
        yield acting


def put_behind(solution):
    """From now on the table has it behind all others. The hash, because it is in an index: without that the way to the
    row would still lead over its old place."""
    Solution.objects.filter(pk=solution.pk).update(content_hash=b"behind")
