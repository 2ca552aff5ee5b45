"""What the commands on files of a project share: its argument, the look-up, the printed report."""

from argparse import ArgumentParser
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from annotation.models import Project
from annotation.services.import_report import ImportReport
from annotation.services.line_files import lines_of
from annotation.services.refusal import Refusal

EXIT_CODE = (
    "Each file is loaded whole or not at all. Lines that cannot be used are listed and left out; the exit code is 0 "
    "unless a file cannot be read or has no usable line."
)


def add_import_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("files", nargs="+", type=Path, metavar="FILE", help="JSON Lines, or the same packed as .gz")
    parser.add_argument("--project", required=True, metavar="SLUG")
    parser.add_argument("--dry-run", action="store_true", help="print the report and change nothing")


def find_project(slug: str) -> Project:
    project = Project.objects.filter(slug=slug).first()
    if project is None:
        there = ", ".join(Project.objects.order_by("slug").values_list("slug", flat=True))
        raise CommandError(f"There is no project {slug}. {f'There are: {there}.' if there else 'There are none yet.'}")
    return project


def import_files(command: BaseCommand, options: dict[str, Any], load: Callable[..., ImportReport]) -> None:
    """Load each file and print what became of it. Nothing but refused lines is an error, some are a report."""
    project = find_project(options["project"])
    for path in options["files"]:
        try:
            report = load(project=project, lines=lines_of(path), source=path.name, by=None, dry_run=options["dry_run"])
        except Refusal as refusal:
            raise CommandError(str(refusal)) from refusal
        command.stdout.write("\n".join(report_lines(report)))
        if report.refused_count and not (report.created or report.already_there):
            raise CommandError(f"No line of {path.name} could be used.")


def report_lines(report: ImportReport) -> Iterator[str]:
    """An import's report as lines of plain text."""
    yield f"{report.source}{' (dry run: nothing was changed)' if report.dry_run else ''}"
    yield f"  created        {report.created:>8}"
    yield f"  already there  {report.already_there:>8}"
    sometimes = [
        ("same again", report.folded, "  (counted on the solution that has these steps)"),
        ("new problems", report.problems_created, ""),
        ("new critiques", report.critiques, ""),
        ("blank lines", report.blank_lines, ""),
    ]
    yield from (f"  {name:<15}{count:>8}{note}" for name, count, note in sometimes if count)
    for grade, count in sorted(report.grades.items()):
        yield f"  graded {grade:<11}{count:>5}"
    for note, count in sorted(report.notes.items()):
        yield f"  note           {count:>8}  {note}"
    yield f"  refused        {report.refused_count:>8}"
    for line in report.refused:
        yield f"    line {line.number}: {f'{line.path}: ' if line.path else ''}{line.reason}"
    if report.refused_count > len(report.refused):
        yield f"    and {report.refused_count - len(report.refused)} more"
