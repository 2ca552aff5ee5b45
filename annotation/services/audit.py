from typing import Any

from annotation.models import AuditEvent, Project, User


def record(*, project: Project | None, by: User | None, action: str, target: str, **details: Any) -> None:
    """Write down who did what, in the transaction of the act itself."""
    AuditEvent.objects.create(project=project, actor=by, action=action, target=target[:200], details=details)
