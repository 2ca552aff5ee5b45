from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from annotation.models import User
from annotation.services import second_factor


class Command(BaseCommand):
    help = (
        "Take the second factor from an account whose owner lost their app and their recovery codes, and sign it out. "
        "Make sure first that it is really them who asks."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("username")

    def handle(self, *args: Any, **options: Any) -> None:
        user = User.objects.filter(username=options["username"]).first()
        if user is None:
            raise CommandError(f"There is no account {options['username']!r}.")
        second_factor.reset(user=user, by=None)
        self.stdout.write(f"{user.username} has no second factor now, and signs in with the password alone.")
