from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.core.validators import validate_email

from annotation import local
from annotation.management.projects import find_project
from annotation.models.projects import Role
from annotation.services import invitations
from annotation.services.refusal import Refusal


class Command(BaseCommand):
    help = "Print a single-use link with which somebody makes their account in a project. It works for three days."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("email")
        parser.add_argument("--project", required=True, help="its short name")
        parser.add_argument("--role", required=True, choices=Role.values)
        parser.add_argument("--base-url", help="the address of your site; default: where `make run` runs")

    def handle(self, *args: Any, **options: Any) -> None:
        project = find_project(options["project"])
        try:
            validate_email(options["email"])
        except ValidationError as error:
            raise CommandError(f"{options['email']!r} is not an e-mail address.") from error
        try:
            secret = invitations.invite(project=project, email=options["email"], role=Role(options["role"]), by=None)
        except Refusal as refusal:
            raise CommandError(str(refusal)) from refusal
        base_url = options["base_url"] or local.address(settings.DATA_DIR)
        self.stdout.write(f"{base_url.rstrip('/')}/accounts/invitation/{secret}/")
