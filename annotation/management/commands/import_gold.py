from argparse import ArgumentParser
from functools import partial
from typing import Any

from django.core.management.base import BaseCommand

from annotation.management.projects import EXIT_CODE, add_import_arguments, import_files
from annotation.models.quality import GoldKind
from annotation.services import gold_import


class Command(BaseCommand):
    help = f"Import solutions whose acceptable first errors are known. {EXIT_CODE}"

    def add_arguments(self, parser: ArgumentParser) -> None:
        add_import_arguments(parser)
        parser.add_argument("--kind", choices=GoldKind.values, default=GoldKind.HIDDEN, help="for lines that name none")

    def handle(self, *args: Any, **options: Any) -> None:
        import_files(self, options, partial(gold_import.import_gold, kind=GoldKind(options["kind"])))
