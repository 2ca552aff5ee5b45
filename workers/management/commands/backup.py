from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from annotation.services.refusal import Refusal
from workers import backup
from workers.postgres_programs import ProgramFailed


class Command(BaseCommand):
    help = (
        "Write the database and the files that it speaks of into a folder that is new or empty, with a manifest. People may "
        "go on working: it is the state of one moment. Whether it would come back, `restore DIR --drill` shows."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("out", type=Path, metavar="DIR")

    def handle(self, *, out: Path, **_: Any) -> None:
        try:
            made = backup.make(out=out.absolute())
        except (Refusal, ProgramFailed, OSError) as error:
            raise CommandError(str(error)) from error
        size = f"{made.rows} rows, {made.files} files, {made.bytes / 2**20:.1f} MiB"
        self.stdout.write(f"{made.folder}: {size}, as of {made.made_at}.")
