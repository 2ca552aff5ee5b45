import json
from collections import Counter
from dataclasses import asdict
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from annotation.queries import doctor
from annotation.queries.diagnosis import Check, State


class Command(BaseCommand):
    help = (
        "Look at this installation (database, broker, workers, schedule, clocks, disk, files, settings, models, backup) "
        "and say in plain words what is wrong and what to do. Changes nothing. The exit code is 0 only where nothing is bad."
    )
    requires_system_checks = ()  # what they would stop at is for the lines below to say

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--json", action="store_true", help="the same as one JSON document, for programs")
        parser.add_argument(
            "--url", default="", help="also fetch two pages through the proxy: https://stepmark.example.org"
        )
        parser.add_argument("--without", action="append", default=[], metavar="NAME", help="leave out a check; repeat")

    def handle(self, *args: Any, **options: Any) -> None:
        found = doctor.examine(url=options["url"], without=options["without"])
        if options["json"]:
            self.stdout.write(json.dumps([asdict(one) for one in found], indent=1))
        else:
            for one in found:
                self._print(one)
        count = Counter(one.state for one in found)
        if count[State.BAD]:
            raise CommandError(f"{count[State.BAD]} of {len(found)} are bad.")
        if not options["json"]:
            self.stdout.write(f"Nothing of {len(found)} is bad.")

    def _print(self, check: Check) -> None:
        self.stdout.write(f"{check.state.upper():<5} {check.name}: {check.told}")
        if check.do:
            self.stdout.write(f"      → {check.do}")
