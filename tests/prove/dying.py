"""manage.py, or without a command a worker that takes the waiting imports, with something planted.

`python -m tests.prove.dying POINT [COMMAND ...]`, with the environment of the site: it dies by SIGKILL when it gets there, or
nowhere; or it commits each part of a file, as an import does that nobody thought of as one transaction.
"""

import os
import pkgutil
import signal
import sys

import django
from django.core.management import execute_from_command_line

# What it is about to call for the n-th time.
POINTS = {
    "claimed": ("annotation.services.import_work:load", 1),
    "nothing stored": ("annotation.services.importing:store_labels", 1),
    "labels without ratings": ("annotation.services.import_labels:_ratings", 1),
    "a part stored": ("annotation.services.importing:store_labels", 2),
    "all stored": ("annotation.services.importing:note_disagreements", 1),
    "published": ("annotation.services.jobs:end", 1),
    "about to commit": ("django.db.backends.base.base.BaseDatabaseWrapper:_commit", 2),
    "committed": ("annotation.services.import_batches:remove_file", 1),
}
IN_PIECES = "in pieces"
PART = 100  # lines, so that a short file has several


def plant(place: str, before) -> None:
    """Have something done before each call of a function."""
    module, _, name = place.partition(":")
    owner = pkgutil.resolve_name(module)
    real = getattr(owner, name)

    def planted(*arguments, **named):
        before()
        return real(*arguments, **named)

    setattr(owner, name, planted)


def die_at(time: int):
    left = iter(range(time - 1))

    def strike() -> None:
        if next(left, None) is None:
            os.kill(os.getpid(), signal.SIGKILL)

    return strike


def commit() -> None:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("COMMIT")


def main(point: str, *command: str) -> None:
    django.setup()
    from annotation.models.jobs import JobKind
    from annotation.services import importing
    from workers import duty, imports

    importing.BATCH = PART
    if point == IN_PIECES:
        plant("annotation.services.importing:store_labels", commit)
    elif point:
        place, time = POINTS[point]
        plant(place, die_at(time))
    if command:
        execute_from_command_line(["manage.py", *command])
    else:
        duty.work_off(JobKind.IMPORT, imports)


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "annotation.settings")
    main(*sys.argv[1:])
