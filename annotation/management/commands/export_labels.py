from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from annotation.management.projects import find_project
from annotation.models import Project
from annotation.models.snapshots import Format, NeutralAs, View
from annotation.services import exporting, publishing
from annotation.services.exporting import Manifest
from annotation.services.refusal import Refusal

OF_A_NEW_ONE = ("format", "view", "neutral", "gzip", "scored_by")


class Command(BaseCommand):
    help = (
        "Write the labels of a project as files with a manifest and a card, into a folder that is new or empty; by "
        "default as PRM800K. With --again, write an earlier export once more, byte for byte."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--project", required=True, metavar="SLUG")
        parser.add_argument("--out", required=True, type=Path, metavar="DIR")
        parser.add_argument("--format", choices=Format.values, help="prm800k if left out")
        parser.add_argument(
            "--view",
            choices=View.values,
            help="raw (if left out): every label as it was given; training: what a model may learn from",
        )
        parser.add_argument(
            "--neutral",
            choices=NeutralAs.values,
            help="what a neutral step is: keep (prm800k, parquet), positive or negative (the formats of good and bad)",
        )
        parser.add_argument("--gzip", action="store_true", help="pack each file")
        parser.add_argument(
            "--scored-by", type=int, metavar="ID", help="scored samples: of this model version, not the one in use"
        )
        parser.add_argument("--again", type=Path, metavar="DIR", help="the folder of an earlier export")
        parser.add_argument(
            "--push-to", metavar="OWNER/NAME", help="then upload it to this dataset repository of the Hub (HF_TOKEN)"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        project = find_project(options["project"])
        told = [f"--{name.replace('_', '-')}" for name in OF_A_NEW_ONE if options[name]]
        if options["again"] and told:
            raise CommandError(f"With --again an export is made as it was: leave out {', '.join(told)}.")
        try:
            if options["push_to"]:
                publishing.check_repository(project=project, repo=options["push_to"])
            manifest = self._write(project, options)
            self._print(manifest, options["out"])
            if options["push_to"]:
                url = publishing.push_export(project=project, folder=options["out"], repo=options["push_to"])
                self.stdout.write(f"published: {url}")
        except (Refusal, OSError) as error:
            raise CommandError(str(error)) from error

    def _write(self, project: Project, options: dict[str, Any]) -> Manifest:
        if options["again"]:
            return exporting.repeat_folder(project=project, earlier=options["again"], out_dir=options["out"])
        return exporting.export_labels(
            project=project,
            view=View(options["view"] or View.RAW),
            out_dir=options["out"],
            format=Format(options["format"] or Format.PRM800K),
            gzip=options["gzip"],
            neutral=options["neutral"] or NeutralAs.KEEP,
            version=options["scored_by"],
        )

    def _print(self, manifest: Manifest, folder: Path) -> None:
        self.stdout.write(f"{manifest.view} view of {manifest.project}: {manifest.labels} labels in {folder}")
        for file in manifest.files:
            self.stdout.write(f"  {file.name}  {file.lines} lines, {file.bytes} bytes, sha256 {file.sha256}")
            if file.finish_reasons:
                self.stdout.write(f"    finished {_counts(file.finish_reasons)}; rated {_counts(file.ratings)}")
        if manifest.extensions:
            beside = manifest.extensions
            self.stdout.write(f"  {beside.name}  {beside.lines} lines, {beside.bytes} bytes, sha256 {beside.sha256}")
        for reason, count in manifest.excluded.items():
            self.stdout.write(f"  left out {count:>8}  {reason}")


def _counts(counts: dict[str, int]) -> str:
    return ", ".join(f"{name} {count}" for name, count in counts.items())
