from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from annotation.queries import invariants
from annotation.queries.invariants import Finding


class Command(BaseCommand):
    help = (
        "Look through the database for rows that break what must always hold, and list them. Changes nothing. The exit "
        "code is 0 only where there is none."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--files", action="store_true", help="also read the files of datasets and of models in use")

    def handle(self, *args: Any, **options: Any) -> None:
        found = [*invariants.findings(), *(invariants.file_findings() if options["files"] else [])]
        for one in found:
            self._print(one)
        broken = [one for one in found if one.count]
        if broken:
            raise CommandError(f"{len(broken)} of {len(found)} invariants do not hold.")
        self.stdout.write(f"All {len(found)} invariants hold.")

    def _print(self, finding: Finding) -> None:
        if not finding.count:
            self.stdout.write(f"ok      {finding.name}: {finding.sentence}")
            return
        more = f" and {finding.count - len(finding.offending)} more" if finding.count > len(finding.offending) else ""
        self.stdout.write(f"BROKEN  {finding.name}: {finding.sentence}")
        self.stdout.write(f"        {finding.count}: {', '.join(finding.offending)}{more}")
