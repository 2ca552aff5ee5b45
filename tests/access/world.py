"""Two projects, everybody who may knock at a route of the first one, and one object of every kind to knock for.

Whoever adds a route with an id in its address adds its object here, and a line to KWARGS in matrix.py.
"""

import hashlib
import json
from types import SimpleNamespace

from annotation.models import Invitation, Label, Membership, ModelVersion, Round, Snapshot, User
from annotation.services import guidance, invitations
from tests import factories

ROLES = ("labeler", "reviewer", "lead", "ml")
HASH = "a" * 64


def build(data_dir):
    """The world, in an empty database."""
    project = factories.project(slug="algebra", name="Algebra")
    elsewhere = factories.project(slug="elsewhere", name="Elsewhere")
    people = {role: _account(project, role, role) for role in ROLES}
    strangers = {role: _account(elsewhere, role, f"other-{role}") for role in ROLES}
    outsider = factories.user("outsider")
    return SimpleNamespace(
        project=project,
        elsewhere=elsewhere,
        people=people,
        strangers=strangers,
        outsider=outsider,
        **vars(_work(project, people)),
        **vars(_files(project, data_dir)),
    )


def everybody(there):
    """All accounts of the world."""
    return [there.outsider, *there.people.values(), *there.strangers.values()]


def _account(project, role, name) -> User:
    member = factories.member(project, role, name)
    return member.user if role == "labeler" else member


def _work(project, people):
    """A round that is over, a label of it and one more to be given, a model, gold, a message, an invitation."""
    labeler = people["labeler"].labeler_set.get()
    first, _ = factories.queued(project, 2)
    label = factories.label(labeler)
    return SimpleNamespace(
        labeler=labeler,
        label=Label.objects.get(pk=label.pk),
        slot=first,
        solution=first.solution,
        problem=first.solution.problem,
        round=Round.objects.get(pk=first.round_id),
        version=ModelVersion.objects.create(
            project=project,
            round_id=first.round_id,
            checkpoint="rounds/0",
            sha256=HASH,
            data_sha256=HASH,
            base="toy",
        ),
        gold=factories.gold(project, "visible"),
        message=guidance.send(project=project, by=people["lead"], text="Look again.", to=labeler),
        secret=invitations.invite(project=project, email="new@example.org", role="labeler", by=people["lead"]),
        invitation=Invitation.objects.get(project=project),
        membership=Membership.objects.get(project=project, user=people["labeler"]),
    )


def _files(project, data_dir):
    """A dataset that is complete."""
    folder = data_dir / "snapshots" / "1"
    folder.mkdir(parents=True)
    lines = b'{"a": 1}\n'
    name = "phase2_train.jsonl"
    (folder / name).write_bytes(lines)
    digest = hashlib.sha256(lines).hexdigest()
    manifest = {"files": [{"name": name, "bytes": len(lines), "lines": 1, "sha256": digest}]}
    (folder / "manifest.json").write_text(json.dumps(manifest))
    snapshot = Snapshot.objects.create(project=project, view="raw", folder="snapshots/1", manifest=manifest)
    Snapshot.objects.filter(pk=snapshot.pk).update(sha256=HASH)
    return SimpleNamespace(snapshot=snapshot, file_name=name)
