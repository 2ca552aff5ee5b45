"""The files of an export into a dataset repository of the Hugging Face Hub. Needs huggingface_hub, which the web does
not have."""

import importlib
import json
import re
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from django.conf import settings

from annotation.services.export_card import NAME as CARD
from annotation.services.export_card import with_front_of
from annotation.services.refusal import Refusal

REPOSITORY = re.compile(r"\w([\w.-]{0,94}\w)?/\w([\w.-]{0,94}\w)?", re.ASCII)
FORBIDDEN, MISSING = 403, 404
MANIFEST = "manifest.json"


class NotARepository(Refusal):
    """A dataset repository has an owner and a name: owner/name, of letters, digits, dots, dashes and underscores."""


class NoToken(Refusal):
    """There is no token for the Hub. Whoever runs the server sets HF_TOKEN, with the right to write to the repository."""


class HubMissing(Refusal):
    """Publishing needs the package huggingface_hub, which workers have (requirements/learning.txt)."""


class HubRefused(Refusal):
    """The Hub did not take the files."""


def check(repo: str) -> None:
    """Raises NotARepository, NoToken."""
    if not REPOSITORY.fullmatch(repo):
        raise NotARepository
    if not settings.HF_TOKEN:
        raise NoToken


def check_client() -> None:
    """Raises HubMissing."""
    _hub()


def push(*, folder: Path, manifest: dict[str, Any], repo: str, message: str) -> str:
    """Bring the files of an export there as one commit, and return its address. A repository that is not there is made,
    private. Of an earlier publication of the same project nothing stays but what its owner chose at the top of README.md.

    Raises NotARepository, NoToken, HubMissing, HubRefused. What the Hub answers is told; the token never is.
    """
    check(repo)
    hub = _hub()
    place = _Place(hub.HfApi(endpoint=settings.HF_ENDPOINT or None, token=settings.HF_TOKEN), repo)
    try:
        place.make()
        done = place.commit([*_additions(hub, place, folder, manifest), *_removals(hub, place, manifest)], message)
    except hub.errors.HfHubHTTPError as error:
        raise HubRefused(_words(error, repo)) from None
    except (OSError, hub.errors.HTTPError) as error:
        raise HubRefused(f"The Hub cannot be reached: {type(error).__name__}. Try again later.") from None
    except ValueError as error:  # the client has the Hub look at the card before it sends anything
        raise HubRefused(f"The Hub does not take the card, README.md: {_without_token(str(error))}") from None
    return str(done.commit_url)


class _Place:
    """A dataset repository, as the client sees it."""

    def __init__(self, api: Any, repo: str) -> None:
        self._api = api
        self._where = {"repo_id": repo, "repo_type": "dataset"}

    def make(self) -> None:
        if not self._api.repo_exists(**self._where):
            self._api.create_repo(**self._where, private=True)

    def has(self, name: str) -> bool:
        return bool(self._api.file_exists(**self._where, filename=name))

    def read(self, name: str) -> bytes:
        """Nothing where there is no such file."""
        if not self.has(name):
            return b""
        with TemporaryDirectory() as folder:
            return Path(self._api.hf_hub_download(**self._where, filename=name, local_dir=folder)).read_bytes()

    def commit(self, operations: list[Any], message: str) -> Any:
        return self._api.create_commit(**self._where, operations=operations, commit_message=message)


def _additions(hub: Any, place: _Place, folder: Path, manifest: dict[str, Any]) -> Iterator[Any]:
    for name in _names(manifest):
        content: Path | bytes = folder / name
        if name == CARD:
            theirs = place.read(CARD).decode(errors="replace")
            content = with_front_of(theirs, (folder / CARD).read_text()).encode()
        yield hub.CommitOperationAdd(path_in_repo=name, path_or_fileobj=content)


def _removals(hub: Any, place: _Place, manifest: dict[str, Any]) -> Iterator[Any]:
    """What the manifest that is there names, and this one does not: whoever reads all files would read it, too."""
    there = place.read(MANIFEST)
    try:
        earlier = json.loads(there)
        stale = set(_names(earlier)) - set(_names(manifest)) if earlier["project"] == manifest["project"] else set()
    except (ValueError, LookupError, TypeError, AttributeError):  # none, or not one of ours
        return
    yield from (hub.CommitOperationDelete(path_in_repo=name) for name in sorted(stale) if place.has(name))


def _names(manifest: dict[str, Any]) -> list[str]:
    """Not the list that an export can be made again from: it is of use only beside the database."""
    told = [*manifest["files"], manifest.get("extensions"), manifest.get("card"), {"name": MANIFEST}]
    return [file["name"] for file in told if file]


def _words(error: Any, repo: str) -> str:
    """What the answer means for who asked."""
    status = error.response.status_code if error.response is not None else None
    if status in (401, FORBIDDEN):
        return f"The Hub does not let this token write to {repo}. Check the name, and the rights of HF_TOKEN."
    if status == MISSING:
        return f"There is no dataset repository {repo} that this token may see, and it could not be made."
    said = _without_token(error.server_message or "")
    return f"The Hub answered {status or 'nothing'}{f': {said}' if said else ''}. Try again later."


def _without_token(said: str) -> str:
    return said.replace(settings.HF_TOKEN, "…").strip()[:300]


def _hub() -> Any:
    try:
        return importlib.import_module("huggingface_hub")
    except ModuleNotFoundError as error:
        raise HubMissing from error
