from argparse import ArgumentParser
from dataclasses import replace
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from workers import tour
from workers.browser import SiteFailed
from workers.processes import StartFailed
from workers.tour import Plan
from workers.tour_site import TourFailed

FAST = Plan(seeds=1, generations=2)


class Command(BaseCommand):
    help = (
        "Go through the whole loop on a Stepmark of its own: import, scripted labelers over HTTP, retrain, refill, "
        "export. Fails unless every step worked and the selector's held-out step AUC rose in every project."
    )
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--seeds", type=int, help="projects, side by side (default: 3)")
        parser.add_argument("--fast", action="store_true", help="one project and two generations")
        parser.add_argument("--keep", action="store_true", help="keep the folder with all data and logs")

    def handle(self, *args: Any, **options: Any) -> None:
        plan = FAST if options["fast"] else Plan()
        if options["seeds"]:
            plan = replace(plan, seeds=options["seeds"])
        try:
            passed = tour.run(plan, keep=options["keep"], say=self._say)
        except (TourFailed, StartFailed, SiteFailed) as failure:
            raise CommandError(str(failure)) from failure
        if not passed:
            raise CommandError("The selector of a project has not learned; see the table.")
        self._say("The tour passed.")

    def _say(self, line: str) -> None:
        self.stdout.write(line)
        self.stdout.flush()
