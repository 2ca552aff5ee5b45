import json
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from active_learning.domains.chains import Unreadable
from annotation import local
from annotation.management.projects import find_project
from workers import simulation
from workers.browser import NotLocal, SiteFailed
from workers.opinions import Habits


class Command(BaseCommand):
    help = (
        "Label a project of the toy domain by scripted labelers, over HTTP as people do, until its queue is empty. "
        "Only on this machine: every run gives the scripted accounts new passwords."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--project", required=True, metavar="SLUG")
        parser.add_argument("--base-url", help="the address of your site; default: where `make run` runs")
        parser.add_argument("--labelers", type=int, default=4, help="how many, side by side (default: %(default)s)")
        parser.add_argument("--count", type=int, help="stop after this many labels")
        parser.add_argument("--noise", type=float, default=Habits.noise, help="chance of a wrong rating, per step")
        parser.add_argument("--give-up", type=float, default=Habits.give_up, help="chance of giving up, per solution")
        parser.add_argument("--bad-problem", type=float, default=Habits.bad_problem, help="the same, of a bad problem")
        parser.add_argument("--pause", type=float, default=Habits.pause, help="seconds over each solution")
        parser.add_argument("--seed", type=int, default=Habits.seed)
        parser.add_argument("--json", action="store_true", help="print the figures as one JSON line")

    def handle(self, *args: Any, **options: Any) -> None:
        project = find_project(options["project"])
        base_url = options["base_url"] or local.address(settings.DATA_DIR)
        habits = Habits(**{name: options[name] for name in ("noise", "give_up", "bad_problem", "pause", "seed")})
        try:
            with simulation.signed_in(project=project, base_url=base_url, count=options["labelers"]) as browsers:
                report = simulation.label_all(
                    browsers=browsers, slug=project.slug, habits=habits, count=options["count"]
                )
        except (NotLocal, SiteFailed, Unreadable) as reason:
            raise CommandError(str(reason)) from reason
        figures = report.figures()
        self.stdout.write(json.dumps(figures) if options["json"] else _sentence(figures, dict(report.finished)))


def _sentence(figures: dict[str, Any], finished: dict[str, int]) -> str:
    kinds = ", ".join(f"{count} {reason}" for reason, count in sorted(finished.items()))
    return (
        f"{figures['labels']} labels in {figures['seconds']} s ({kinds or 'the queue was empty'}): "
        f"{figures['labels_per_second']} labels/s, submit p50 {figures['submit_p50_ms']} ms, "
        f"p95 {figures['submit_p95_ms']} ms; {figures['late']} late, {figures['lost']} lost to others, "
        f"{figures['sent_again']} requests sent again"
    )
