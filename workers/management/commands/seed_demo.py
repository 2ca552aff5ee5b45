import json
from argparse import ArgumentParser
from dataclasses import asdict
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from annotation.services.refusal import Refusal
from workers import demo


class Command(BaseCommand):
    help = "Make the sample project with its accounts and a filled queue, or what is missing of it."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--json", action="store_true", help="print the accounts as JSON Lines")
        parser.add_argument("--force", action="store_true", help="also where DATABASE_URL names the database")

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.LOCAL and not options["force"]:
            raise CommandError(
                "DATABASE_URL names a database of your own, and sample accounts have no place among real ones. "
                "Say --force if it is for trying out."
            )
        try:
            accounts = demo.seed(data_dir=settings.DATA_DIR)
        except Refusal as refusal:
            raise CommandError(str(refusal)) from refusal
        for account in accounts:
            line = f"{account.role:<10} {account.username:<20} password {account.password}"
            self.stdout.write(json.dumps(asdict(account)) if options["json"] else line)
