import re
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from annotation.management.projects import EXIT_CODE, add_import_arguments, import_files
from annotation.models.problems import Split
from annotation.services import importing
from annotation.services.import_report import ImportReport

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
        def load(*, source: str, **rest: Any) -> ImportReport:
            by_name = Split.TEST if TEST_FILE.search(source) else Split.TRAIN
            return importing.import_labels(source=source, split=options["split"] or by_name, **rest)

        import_files(self, options, load)
