from pathlib import Path
from typing import Any

from django.conf import settings

from annotation.models import AuditEvent, Project, User

# Acts whose target is a person: their name or their address leaves the log when their account is deleted. The targets
# of others, a token's name or a problem's, may read the same and stay.
TARGET_IS_A_NAME = frozenset(
    {
        "give role",
        "remove member",
        "agree to terms",
        "link account",
        "delete account",
        "change password",
        "set up second factor",
        "make recovery codes",
        "remove second factor",
        "reset second factor",
    }
)
TARGET_IS_AN_EMAIL = frozenset({"invite", "withdraw invitation"})


def folder_name(folder: Path) -> str:
    """A folder as the log names it: where this server keeps its files is nothing that leads need to read."""
    inside = folder.is_relative_to(settings.DATA_DIR)
    return str(folder.relative_to(settings.DATA_DIR)) if inside else folder.name


def record(*, project: Project | None, by: User | None, action: str, target: str, **details: Any) -> None:
    """Write down who did what, in the transaction of the act itself."""
    AuditEvent.objects.create(project=project, actor=by, action=action, target=target[:200], details=details)
