"""What the commands on files of a project share: its argument, the look-up, the printed report."""

from argparse import ArgumentParser
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from annotation.models import Project
from annotation.services.import_batches import Choices
from annotation.services.import_checks import KINDS
from annotation.services.import_report import ImportReport, RefusedLine
from annotation.services.import_work import import_file
from annotation.services.line_files import lines_of
from annotation.services.refusal import Refusal

EXIT_CODE = (
    "Each file is loaded whole or not at all. Lines that cannot be used are listed and left out; the exit code is 0 "
    "unless a file cannot be read or has no usable line."
)


LINES_TOLD = 5  # of those that are alike
NONE_YET = "There are none yet; make one with: manage.py createproject"


def add_import_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("files", nargs="+", type=Path, metavar="FILE", help="JSON Lines, or the same packed as .gz")
    parser.add_argument("--project", required=True, metavar="SLUG")
    parser.add_argument(
        "--dry-run",
        action="store_true",
        help="print the report, with what somebody should look at in the file, and change nothing",
    )


def add_doubt_arguments(parser: ArgumentParser) -> None:
    parser.add_argument(
        "--without-doubtful",
        action="store_true",
        help="leave out lines that somebody should look at: those that --dry-run names with what is doubtful in them",
    )


def find_project(slug: str) -> Project:
    project = Project.objects.filter(slug=slug).first()
    if project is None:
        there = ", ".join(Project.objects.order_by("slug").values_list("slug", flat=True))
        raise CommandError(f"There is no project {slug}. {f'There are: {there}.' if there else NONE_YET}")
    return project


def import_files(command: BaseCommand, options: dict[str, Any], load: Callable[..., ImportReport]) -> None:
    """Load the lines of each file and print what became of them."""

    def load_file(project: Project, path: Path) -> ImportReport:
        return load(project=project, lines=lines_of(path), source=path.name, by=None, dry_run=options["dry_run"])

    _each_file(command, options, load_file)


def import_batches(command: BaseCommand, options: dict[str, Any], choices: Choices) -> None:
    """Import each file, with a row among the imports of the project, and print what became of it."""

    def load_file(project: Project, path: Path) -> ImportReport:
        later = options.get("grade_later", False)
        wanted = replace(choices, leave_out=KINDS) if options["without_doubtful"] else choices
        return import_file(
            project=project,
            path=path,
            by=None,
            choices=wanted,
            dry_run=options["dry_run"],
            grade_later=later,
        )

    _each_file(command, options, load_file)


def _each_file(
    command: BaseCommand, options: dict[str, Any], load_file: Callable[[Project, Path], ImportReport]
) -> None:
    """A file of which nothing can be used is an error; some refused lines are a report."""
    project = find_project(options["project"])
    for path in options["files"]:
        try:
            report = load_file(project, path)
        except Refusal as refusal:
            raise CommandError(str(refusal)) from refusal
        command.stdout.write("\n".join(report_lines(report)))
        if not (report.created or report.already_there or report.left_out):
            raise CommandError(f"No line of {path.name} could be used.")


def report_lines(report: ImportReport) -> Iterator[str]:
    """An import's report as lines of plain text."""
    yield f"{report.source}{' (dry run: nothing was changed)' if report.dry_run else ''}"
    for layout, count in sorted(report.layouts.items()):
        yield f"  layout         {count:>8}  {layout}"
    yield f"  created        {report.created:>8}"
    yield f"  already there  {report.already_there:>8}"
    sometimes = [
        ("same again", report.folded, "  (counted on the solution that has these steps)"),
        ("new problems", report.problems_created, ""),
        ("new critiques", report.critiques, ""),
        ("left out", report.left_out, "  (lines with something to look at)"),
        ("blank lines", report.blank_lines, ""),
    ]
    yield from (f"  {name:<15}{count:>8}{note}" for name, count, note in sometimes if count)
    for grade, count in sorted(report.grades.items()):
        yield f"  graded {grade:<11}{count:>5}"
    for note, count in sorted(report.notes.items()):
        yield f"  note           {count:>8}  {note}"
    for doubt, count in sorted(report.doubts.items()):
        yield f"  look at        {count:>8}  {doubt}"
    yield from _shown(report.doubtful, report.doubts.total())
    yield f"  refused        {report.refused_count:>8}"
    yield from _shown(report.refused, report.refused_count)


def _shown(lines: list[RefusedLine], total: int) -> Iterator[str]:
    """What is alike in many lines is told once."""
    alike: dict[tuple[str, str], list[int]] = {}
    for line in lines:
        alike.setdefault((line.path, line.reason), []).append(line.number)
    for (path, reason), numbers in alike.items():
        yield f"    {_in_lines(numbers)}: {f'{path}: ' if path else ''}{reason}"
    if total > len(lines):
        yield f"    and {total - len(lines)} more, not listed"


def _in_lines(numbers: list[int]) -> str:
    told = list(dict.fromkeys(numbers))  # a line may hold many solutions
    first = ", ".join(map(str, told[:LINES_TOLD]))
    more = f" and {len(told) - LINES_TOLD} more" if len(told) > LINES_TOLD else ""
    return f"line{'s' if len(told) > 1 else ''} {first}{more}"
