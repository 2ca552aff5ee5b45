from argparse import ArgumentParser
from contextlib import suppress
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from workers import supervisor
from workers.processes import StartFailed


class Command(BaseCommand):
    help = "Run everything on this machine: database, broker, web, workers, schedule. Ctrl-C stops it all."
    requires_system_checks = ()  # the web checks itself; here they would only cost a second

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--demo", action="store_true", help="make a sample project and print its sign-ins")
        parser.add_argument("--port", type=int, default=8000, help="port on 127.0.0.1 (default: 8000)")
        parser.add_argument(
            "--data", type=Path, default=settings.DATA_DIR, help="folder for everything that is kept (default: var/)"
        )

    def handle(self, *, data: Path, port: int, demo: bool, **_: Any) -> None:
        try:
            supervisor.run(data=data, port=port, demo=demo, say=self._say)
        except StartFailed as reason:
            raise CommandError(str(reason)) from reason

    def _say(self, line: str) -> None:
        # A closed terminal must not keep us from stopping the children.
        with suppress(OSError):
            self.stdout.write(line)
            self.stdout.flush()
