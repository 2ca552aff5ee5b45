from argparse import ArgumentParser
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import psycopg
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from annotation.services.refusal import Refusal
from workers import restore, supervisor
from workers.embedded import embedded_services
from workers.postgres_programs import ProgramFailed
from workers.processes import StartFailed
from workers.restore import RestoreFailed


class Command(BaseCommand):
    help = (
        "Put a backup of `backup DIR` into an empty database and the data folder, and look whether it is sound. Stop the web "
        "and the workers before. With --drill it goes into a scratch database that is dropped again, and nothing is stopped."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("folder", type=Path, metavar="DIR")
        how = parser.add_mutually_exclusive_group()
        how.add_argument(
            "--replace",
            action="store_true",
            help="in the place of what is there: its database is lost, its files are set aside",
        )
        how.add_argument("--drill", action="store_true", help="only show that it comes back")

    def handle(self, *, folder: Path, replace: bool, drill: bool, **_: Any) -> None:
        say = self.stdout.write
        try:
            with ExitStack() as stack:
                if drill:
                    restore.drill(folder=folder.absolute(), say=say)
                    return
                if settings.LOCAL:  # its database runs only with Stepmark, which has to be stopped
                    stack.enter_context(supervisor.alone_on(settings.DATA_DIR))
                    stack.enter_context(embedded_services(settings.DATA_DIR, durable=True))
                restore.restore(folder=folder.absolute(), replace=replace, say=say)
        except psycopg.OperationalError as error:
            raise CommandError(f"The database does not answer: {error}") from error
        except (Refusal, ProgramFailed, RestoreFailed, StartFailed, OSError) as error:
            raise CommandError(str(error)) from error
