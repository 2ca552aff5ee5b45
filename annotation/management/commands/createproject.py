from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from annotation.models import User
from annotation.services import members
from annotation.services.refusal import Refusal


class Command(BaseCommand):
    help = "Make an empty project."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("slug", help="short name, as it stands in addresses")
        parser.add_argument("--name", default="", help="as people read it; the short name if left out")
        parser.add_argument("--lead", metavar="USERNAME", help="who leads it: the sign-in name of an account")
        parser.add_argument(
            "--phase",
            type=int,
            choices=[1, 2],
            default=2,
            help="2: rating stops at the first error; 1: at every step several options are rated (default: %(default)s)",
        )
        parser.add_argument(
            "--generator",
            default="",
            help="folder of the language model that writes options where the pool has too few, or toy; default: none",
        )
        parser.add_argument(
            "--base-model",
            default="",
            help="folder of the language model that its selectors start from; default: BASE_MODEL",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        names = ("slug", "name", "phase", "generator", "base_model")
        asked = {name: options[name] for name in names}
        lead = _account(options["lead"]) if options["lead"] else None
        try:
            if lead:
                members.found_project(**asked, by=lead)
            else:
                members.create_project(**asked, by=None)
        except Refusal as refusal:
            raise CommandError(str(refusal)) from refusal
        self.stdout.write(f"Project {options['slug']} was made. {_led_by(lead, options['slug'])}")


def _account(username: str) -> User:
    found = User.objects.filter(username=username, is_active=True).first()
    if found is None:
        raise CommandError(f"There is no account {username!r} that can sign in.")
    return found


def _led_by(lead: User | None, slug: str) -> str:
    if lead:
        return f"{lead.username} leads it."
    return f"Nobody leads it yet; make a link for who will: manage.py invite EMAIL --project {slug} --role lead"
