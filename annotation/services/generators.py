"""Which generators the jobs of a project may ask: those of this machine, and servers that whoever runs it has allowed.

Who can have a server send requests can have it knock at doors that are closed to themselves (services/outgoing.py).
"""

from urllib.parse import urlsplit

from django.conf import settings

from annotation.models import Project
from annotation.services.outgoing import PLAIN, Origin
from annotation.services.refusal import Refusal

TOY = "toy"  # the scripted one of the sample project
SERVER = ("http:", "https:")


class ServerNotAllowed(Refusal):
    """This server may not ask a generator there. Whoever runs it allows origins by the setting GENERATOR_ORIGINS; an
    address ends with # and the name of the model, and has no user name in it."""


class UnknownGenerator(Refusal):
    """Choose the generator of the project's settings, toy, or the address of a server that is allowed here."""


def is_server(generator: str) -> bool:
    return generator.lower().startswith(SERVER)


def check_server(generator: str) -> None:
    """A generator that is the address of a server, such as https://host/v1#model, is one that may be asked.

    Raises ServerNotAllowed.
    """
    if not is_server(generator):
        return
    address, _, model = generator.partition("#")
    try:
        is_allowed = Origin.of(address) in [Origin.of(one) for one in settings.GENERATOR_ORIGINS]
        has_user = "@" in urlsplit(address).netloc
    except (ValueError, KeyError):
        raise ServerNotAllowed from None
    if not is_allowed or has_user or not model or not PLAIN.fullmatch(generator):
        raise ServerNotAllowed


def check(project: Project, generator: str) -> None:
    """Raises UnknownGenerator, ServerNotAllowed."""
    check_server(generator)
    if not is_server(generator) and generator not in {TOY, project.generator} - {""}:
        raise UnknownGenerator
