from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from annotation.management.projects import EXIT_CODE, add_doubt_arguments, add_import_arguments, import_batches
from annotation.models.imports import ImportKind
from annotation.models.problems import Split
from annotation.services.import_batches import Choices


class Command(BaseCommand):
    help = f"Import solutions, cut into steps and graded. {EXIT_CODE}"

    def add_arguments(self, parser: ArgumentParser) -> None:
        add_import_arguments(parser)
        add_doubt_arguments(parser)
        parser.add_argument(
            "--new-problems",
            choices=Split.values,
            help="make problems that are not there yet, in this split; without it their solutions are refused",
        )
        parser.add_argument("--generator", default="import", help="name of the model, for lines that do not say it")

        parser.add_argument("--grade-later", action="store_true", help="leave the verdicts on answers to a worker")

    def handle(self, *args: Any, **options: Any) -> None:
        split = options["new_problems"]
        choices = Choices(ImportKind.SOLUTIONS, split, split is not None, options["generator"])
        import_batches(self, options, choices)
