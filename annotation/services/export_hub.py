"""A folder of files into a dataset repository of the Hugging Face Hub. Needs huggingface_hub, which the web does not have."""

import importlib
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from django.conf import settings

from annotation.services.export_card import NAME as CARD
from annotation.services.refusal import Refusal

REPOSITORY = re.compile(r"\w([\w.-]{0,94}\w)?/\w([\w.-]{0,94}\w)?", re.ASCII)
FORBIDDEN, MISSING = 403, 404


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


def push(*, folder: Path, names: Sequence[str], repo: str, message: str) -> str:
    """Upload these files as one commit, and return its address. A repository that is not there is made, private; a README.md
    that is there stays as it is, with the licence that its owner chose.

    Raises NotARepository, NoToken, HubMissing, HubRefused. What the Hub answers is told; the token never is.
    """
    check(repo)
    hub = _hub()
    api = hub.HfApi(endpoint=settings.HF_ENDPOINT or None, token=settings.HF_TOKEN)
    try:
        if not api.repo_exists(repo_id=repo, repo_type="dataset"):
            api.create_repo(repo_id=repo, repo_type="dataset", private=True)
        has_card = api.file_exists(repo_id=repo, repo_type="dataset", filename=CARD)
        wanted = [name for name in names if not (has_card and name == CARD)]
        done = api.upload_folder(
            repo_id=repo, repo_type="dataset", folder_path=folder, allow_patterns=wanted, commit_message=message
        )
    except hub.errors.HfHubHTTPError as error:
        raise HubRefused(_words(error, repo)) from None
    except ValueError as error:  # the client has the Hub look at the card before it sends anything
        raise HubRefused(f"The Hub does not take the card, README.md: {_without_token(str(error))}") from None
    except (OSError, hub.errors.HTTPError) as error:
        raise HubRefused(f"The Hub cannot be reached: {type(error).__name__}. Try again later.") from None
    return str(done.commit_url)


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
