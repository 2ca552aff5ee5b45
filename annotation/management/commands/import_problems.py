from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from annotation.management.projects import EXIT_CODE, add_doubt_arguments, add_import_arguments, import_batches
from annotation.models.imports import ImportKind
from annotation.models.problems import Split
from annotation.services.import_batches import Choices


class Command(BaseCommand):
    help = f"Import problems from MATH-style or GSM8K-style lines. {EXIT_CODE}"

    def add_arguments(self, parser: ArgumentParser) -> None:
        add_import_arguments(parser)
        add_doubt_arguments(parser)
        parser.add_argument(
            "--split",
            choices=Split.values,
            help="of lines that do not name theirs; if left out, test for files named like test.jsonl, else train",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        import_batches(self, options, Choices(ImportKind.PROBLEMS, options["split"]))
