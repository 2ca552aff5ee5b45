import re
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand

from annotation.management.projects import EXIT_CODE, add_import_arguments, import_batches
from annotation.models.imports import ImportKind
from annotation.models.problems import Split
from annotation.services.import_batches import Choices

# PRM800K's names, as phase1_test.jsonl: such problems must not get into training for want of an option.
TEST_FILE = re.compile(r"(?:^|_)test(?:[._]|$)")


class Command(BaseCommand):
    help = f"Import original PRM800K lines, phase 1 or 2. {EXIT_CODE}"

    def add_arguments(self, parser: ArgumentParser) -> None:
        add_import_arguments(parser)
        parser.add_argument(
            "--split",
            choices=Split.values,
            help="of problems that are not there yet; if left out, test for files named like phase1_test.jsonl, else train",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        def choices_for(path: Path) -> Choices:
            by_name = Split.TEST if TEST_FILE.search(path.name) else Split.TRAIN
            return Choices(ImportKind.LABELS, options["split"] or by_name)

        import_batches(self, options, choices_for)
