from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from annotation.management.projects import find_project
from annotation.services.contamination import WORDS, shared_in_project

SHOWN = 100


class Command(BaseCommand):
    help = (
        f"List training texts of a project that share {WORDS} words in a row, LaTeX stripped, with one of its held-out "
        "problems: problems, their reference solutions, and all solutions in the pool. The exit code is 1 if there are any."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--project", required=True, metavar="SLUG")

    def handle(self, *args: Any, **options: Any) -> None:
        found = 0
        for found, shared in enumerate(shared_in_project(find_project(options["project"])), 1):
            if found <= SHOWN:
                self.stdout.write(f"{shared.text} shares with {shared.problem}: {shared.words}")
        if found > SHOWN:
            self.stdout.write(f"and {found - SHOWN} more")
        if found:
            raise CommandError(f"{found} training texts hold a part of a held-out problem.")
        self.stdout.write("No training text holds a part of a held-out problem.")
