from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from annotation.management.projects import find_project
from annotation.services.refusal import Refusal
from annotation.services.splitting import SplitReport, hold_out


class Command(BaseCommand):
    help = "Hold problems out, drawn uniformly by a seed, before work begins. They are never queued nor trained on."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--project", required=True, metavar="SLUG")
        parser.add_argument("--test", type=int, required=True, metavar="N", help="how many (the paper: 500 of 12,500)")
        parser.add_argument("--seed", type=int, default=0)
        parser.add_argument("--dry-run", action="store_true", help="print the report and change nothing")

    def handle(self, *args: Any, **options: Any) -> None:
        project = find_project(options["project"])
        try:
            report = hold_out(
                project=project, size=options["test"], seed=options["seed"], by=None, dry_run=options["dry_run"]
            )
        except Refusal as refusal:
            raise CommandError(str(refusal)) from refusal
        self._print(report)

    def _print(self, report: SplitReport) -> None:
        self.stdout.write(f"held out {report.test}, for training {report.train}")
        for histogram in report.histograms:
            self.stdout.write(f"\n{histogram.name:<24}{'held out':>10}{'':>9}{'training':>10}")
            for value, test, train in histogram.rows:
                shares = f"{test / report.test:>7.1%}", f"{train / report.train:>7.1%}"
                self.stdout.write(f"  {value:<22}{test:>10}  {shares[0]}{train:>10}  {shares[1]}")
