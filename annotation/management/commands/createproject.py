from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from annotation.services import members
from annotation.services.refusal import Refusal


class Command(BaseCommand):
    help = "Make an empty project."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("slug", help="short name, as it stands in addresses")
        parser.add_argument("--name", default="", help="as people read it; the short name if left out")
        parser.add_argument(
            "--phase",
            type=int,
            choices=[1, 2],
            default=2,
            help="2: rating stops at the first error; 1: at every step several options are rated (default: %(default)s)",
        )
        parser.add_argument(
            "--generator",
            default="",
            help="folder of the language model that writes options where the pool has too few, or toy; default: none",
        )
        parser.add_argument(
            "--base-model",
            default="",
            help="folder of the language model that its selectors start from; default: BASE_MODEL",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            project = members.create_project(
                slug=options["slug"],
                name=options["name"],
                phase=options["phase"],
                generator=options["generator"],
                base_model=options["base_model"],
                by=None,
            )
        except Refusal as refusal:
            raise CommandError(str(refusal)) from refusal
        self.stdout.write(f"Project {project.slug} was made.")
