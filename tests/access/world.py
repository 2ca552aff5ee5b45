"""Two projects, everybody who may knock at a route of the first one, and one object of every kind to knock for.

Whoever adds a route with an id in its address adds its object here, and a line to KWARGS in matrix.py.
"""

import hashlib
import json
from dataclasses import asdict
from types import SimpleNamespace

from django.utils import timezone

from annotation.models import (
    Adjudication,
    Disagreement,
    Dispute,
    ImportBatch,
    Invitation,
    Job,
    Label,
    Labeler,
    Membership,
    ModelVersion,
    OutsideIdentity,
    Round,
    Sampling,
    Snapshot,
    StepRating,
    User,
    Webhook,
)
from annotation.services import guidance, invitations, tokens
from annotation.services.import_report import ImportReport
from annotation.services.sampling import Wanted
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
        **vars(_tokens(project, elsewhere, people)),
        waiting=_waiting(people["lead"]),
    )


def _waiting(lead):
    """The lead's invitation to a third project, which needs no link."""
    OutsideIdentity.objects.create(user=lead, issuer="https://id.example.org", subject="1", email="lead@example.org")
    third = factories.project(slug="third", name="Third")
    invitations.invite(project=third, email="lead@example.org", role="labeler", by=None)
    return Invitation.objects.get(project=third)


def _tokens(project, elsewhere, people):
    """The secrets of tokens: one of each scope for everybody, and a lead's for another project of theirs."""
    lead = people["lead"]
    Membership.objects.create(project=elsewhere, user=lead, role="lead")
    made = {
        (role, scope): tokens.make(by=who, name="test", scopes=[scope], days=1)
        for role, who in people.items()
        for scope in ("read", "label", "manage")
    }
    there = tokens.make(by=lead, name="test", scopes=["manage"], days=1, project=elsewhere)
    return SimpleNamespace(
        tokens={key: secret for key, (_, secret) in made.items()} | {"elsewhere": there[1]}, token=there[0]
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
    Disagreement.objects.create(project=project, solution=label.solution)
    reviewer = Labeler.objects.create(project=project, user=people["reviewer"])
    blind = {"finish_reason": "solution", "ratings": [], "reason": "", "total_time_ms": 0}
    Adjudication.objects.create(project=project, solution=label.solution, reviewer=reviewer, blind=blind)
    return SimpleNamespace(
        labeler=labeler,
        dispute=Dispute.objects.get(label=label),
        flag=StepRating.objects.create(label=label, step=2, option=1, text="x", rating=0, flagged=True),
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
        source=factories.automatic_source(project),
        sampling=Sampling.objects.create(
            project=project, asked=asdict(Wanted("toy")), job=Job.objects.create(project=project, kind="sampling")
        ),
        message=guidance.send(project=project, by=people["lead"], text="Look again.", to=labeler),
        secret=invitations.invite(project=project, email="new@example.org", role="labeler", by=people["lead"]),
        invitation=Invitation.objects.get(project=project),
        membership=Membership.objects.get(project=project, user=people["labeler"]),
        webhook=Webhook.objects.create(project=project, url="https://hooks.example.org/", secret="whsec_"),
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
    job = Job.objects.create(project=project, kind="export", state="done", finished_at=timezone.now())
    snapshot = Snapshot.objects.create(project=project, view="raw", folder="snapshots/1", manifest=manifest, job=job)
    Snapshot.objects.filter(pk=snapshot.pk).update(sha256=HASH)
    return SimpleNamespace(snapshot=snapshot, file_name=name, import_batch=_import(project))


def _import(project):
    """A file that was checked."""
    report = {"options": {"make_problems": True, "generator": "import"}, "check": ImportReport("a.jsonl").as_json()}
    return ImportBatch.objects.create(
        project=project, kind="problems", state="checked", name="a.jsonl", bytes=1, sha256=HASH, report=report
    )
