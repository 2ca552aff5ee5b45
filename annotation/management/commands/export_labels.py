from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from annotation.management.projects import find_project
from annotation.models.snapshots import View
from annotation.services import exporting
from annotation.services.exporting import Manifest
from annotation.services.refusal import Refusal


class Command(BaseCommand):
    help = "Write the labels of a project as PRM800K files with a manifest, into a folder that is new or empty."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--project", required=True, metavar="SLUG")
        parser.add_argument("--out", required=True, type=Path, metavar="DIR")
        parser.add_argument("--format", choices=["prm800k"], default="prm800k")
        parser.add_argument(
            "--view",
            choices=View.values,
            default=View.RAW,
            help="raw: every label as it was given; training: what a model may learn from",
        )
        parser.add_argument(
            "--neutral", choices=["keep"], default="keep", help="PRM800K lines keep neutral steps as they are"
        )
        parser.add_argument("--gzip", action="store_true", help="pack each file")

    def handle(self, *args: Any, **options: Any) -> None:
        project = find_project(options["project"])
        try:
            manifest = exporting.export_labels(
                project=project,
                view=View(options["view"]),
                out_dir=options["out"],
                gzip=options["gzip"],
                neutral=options["neutral"],
            )
        except (Refusal, OSError) as error:
            raise CommandError(str(error)) from error
        self._print(manifest, options["out"])

    def _print(self, manifest: Manifest, folder: Path) -> None:
        self.stdout.write(f"{manifest.view} view of {manifest.project}: {manifest.lines} labels in {folder}")
        for file in manifest.files:
            self.stdout.write(f"  {file.name}  {file.lines} lines, {file.bytes} bytes, sha256 {file.sha256}")
            self.stdout.write(f"    finished {_counts(file.finish_reasons)}; rated {_counts(file.ratings)}")
        if manifest.extensions:
            beside = manifest.extensions
            self.stdout.write(f"  {beside.name}  {beside.lines} lines, {beside.bytes} bytes, sha256 {beside.sha256}")
        for reason, count in manifest.excluded.items():
            self.stdout.write(f"  left out {count:>8}  {reason}")


def _counts(counts: dict[str, int]) -> str:
    return ", ".join(f"{name} {count}" for name, count in counts.items())
