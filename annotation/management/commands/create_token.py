from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from annotation.management.projects import find_project
from annotation.models import User
from annotation.models.tokens import Scope
from annotation.services import tokens
from annotation.services.refusal import Refusal


class Command(BaseCommand):
    help = "Print a new API token of an account. It is shown this once; docs/api.md tells what it is good for."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("username")
        parser.add_argument(
            "--scope", action="append", required=True, choices=Scope.values, help="more than once: each"
        )
        parser.add_argument("--project", metavar="SLUG", help="only for this one; default: all projects of the account")
        parser.add_argument("--days", type=int, default=90, help=f"until it runs out, at most {tokens.LONGEST}")
        parser.add_argument("--name", default="made by a command")

    def handle(self, *args: Any, **options: Any) -> None:
        user = User.objects.filter(username=options["username"], is_active=True).first()
        if user is None:
            raise CommandError(f"There is no account {options['username']!r} that can sign in.")
        project = find_project(options["project"]) if options["project"] else None
        scopes = [Scope(one) for one in options["scope"]]
        try:
            _, secret = tokens.make(
                by=user, name=options["name"][:100], scopes=scopes, days=options["days"], project=project
            )
        except Refusal as refusal:
            raise CommandError(str(refusal)) from refusal
        self.stdout.write(secret)
