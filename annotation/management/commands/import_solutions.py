from argparse import ArgumentParser
from functools import partial
from typing import Any

from django.core.management.base import BaseCommand

from annotation.management.projects import EXIT_CODE, add_import_arguments, import_files
from annotation.models.problems import Split
from annotation.services import importing


class Command(BaseCommand):
    help = f"Import solutions, cut into steps and graded. {EXIT_CODE}"

    def add_arguments(self, parser: ArgumentParser) -> None:
        add_import_arguments(parser)
        parser.add_argument(
            "--new-problems",
            choices=Split.values,
            help="make problems that are not there yet, in this split; without it their solutions are refused",
        )
        parser.add_argument("--generator", default="import", help="name of the model, for lines that do not say it")

    def handle(self, *args: Any, **options: Any) -> None:
        load = partial(importing.import_solutions, new_problems=options["new_problems"], generator=options["generator"])
        import_files(self, options, load)
