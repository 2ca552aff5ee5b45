"""Things in the state that a test needs; walked there through the real services."""

import hashlib
import itertools
import json
import time
import uuid
from dataclasses import asdict
from datetime import timedelta
from functools import cache

from django.conf import settings
from django.contrib.auth.hashers import make_password
from django.db.models.functions import Now
from django_otp.oath import TOTP
from django_otp.plugins.otp_totp.models import TOTPDevice

from annotation.models import (
    AutomaticSource,
    Instructions,
    Job,
    Labeler,
    Membership,
    Problem,
    Project,
    Pulse,
    Round,
    Slot,
    Solution,
    User,
)
from annotation.models.jobs import JobKind
from annotation.queries.automatic_pool import Choice
from annotation.services import (
    exporting,
    jobs,
    judgements,
    labeling,
    members,
    pulses,
    queue,
    rounds,
    second_factor,
    snapshots,
)
from annotation.services import gold as gold_services
from annotation.services.automatic import Rollouts

PASSWORD = "correct horse battery"
hashed = cache(make_password)  # slow on purpose, and the same for everybody here
numbers = itertools.count(1)
BASE_MODEL = "/models/base"  # on no machine: nobody can tell ahead whether it reads these made-up problems


def project(**values):
    number = next(numbers)
    own = {"slug": f"project-{number}", "name": f"Project {number}", "base_model": BASE_MODEL}
    made = Project.objects.create(**own | values)
    Instructions.objects.create(project=made, version=1)
    return made


def user(name=None):
    return User.objects.create(username=name or f"user-{next(numbers)}", password=hashed(PASSWORD))


def member(project, role, name=None):
    """A user with a role in the project; for a labeler, the Labeler (whose user is `.user`)."""
    return join(project, user(name), role)


def join(project, person, role="labeler"):
    Membership.objects.create(project=project, user=person, role=role)
    return Labeler.objects.create(project=project, user=person) if role == "labeler" else person


def app_code(user, *, later=0):
    """What the app of this account shows now, or so many half minutes later."""
    device = TOTPDevice.objects.get(user=user)
    app = TOTP(device.bin_key, device.step, device.t0, device.digits)
    app.time = time.time() + later * device.step
    return f"{app.token():06}"


def give_second_factor(user):
    """Set one up; returns the recovery codes. The code of this moment may be used again."""
    second_factor.begin(by=user)
    codes = second_factor.confirm(by=user, code=app_code(user))
    TOTPDevice.objects.filter(user=user).update(last_t=-1)
    return codes


def problem(project, **values):
    text = values.pop("text", f"What is {next(numbers)} + 1?")
    return Problem.objects.create(
        project=project, text=text, content_hash=hashlib.sha256(text.encode()).digest(), **{"answer": "2"} | values
    )


def solution(project=None, problem_=None, **values):
    owner = problem_ or problem(project)
    steps = values.pop("steps", ["One step.", "Another step.", f"The last step {next(numbers)}.\n\n# Answer\n\n3"])
    return Solution.objects.create(
        project=owner.project,
        problem=owner,
        steps=steps,
        content_hash=hashlib.sha256("\n".join(steps).encode()).digest(),
        **{"answer": "3", "grade": "wrong"} | values,
    )


def running_round(project, **values):
    """A round whose job this test holds: (round, job)."""
    if not Solution.objects.filter(project=project).selectable().exists():
        solution(project)
    started = rounds.start_round(project=project, by=None, **values)
    job = jobs.claim_job(kind=JobKind.ROUND, worker="test")
    return Round.objects.get(pk=started.pk), job


def pulse(part, place="", **ago):
    """A part of the installation that was seen to work, `ago` before now."""
    pulses.beat(part=part, place=place)
    Pulse.objects.filter(part=part, place=place).update(at=Now() - timedelta(**ago))
    return Pulse.objects.get(part=part, place=place)


def queued(project, count=1, *, arm="remaining", **values):
    """Slots of a finished round, one for each of `count` new solutions, in claim order."""
    solutions = [solution(project, **values) for _ in range(count)]
    round_, job = running_round(project)
    picks = [rounds.Pick(one.pk, arm, 1.0 - place / (count + 1), {}) for place, one in enumerate(solutions)]
    rounds.fill_round(round=round_, job=job, version=None, picks=picks, report={})
    return list(Slot.objects.filter(round=round_).order_by("-priority"))


def judgement(ratings=(1, 1, 1), *more, **values):
    """Ratings of a solution's own steps from the first one on, and `more` of them as they stand in the label."""
    ended = "found_error" if ratings and ratings[-1] == -1 else "solution"
    rows = [judgements.Rating(step=step, rating=rating) for step, rating in enumerate(ratings)]
    return judgements.Judgement(**{"finish_reason": ended, "ratings": [*rows, *more], "total_time_ms": 1000} | values)


def submit(by, assignment, ratings=(1, 1, 1), *more, label_id=None, supersedes=None, **values):
    return hand_in(by, assignment, judgement(ratings, *more, **values), label_id=label_id, supersedes=supersedes)


def hand_in(by, assignment, judgement, *, label_id=None, supersedes=None):
    return labeling.submit_label(
        project=by.project,
        by=by,
        label_id=label_id or uuid.uuid4(),
        slot=assignment.slot,
        lease_token=assignment.lease_token,
        judgement=judgement,
        supersedes=supersedes,
    )


def label(by, ratings=(1, 1, 1), **values):
    """A label of the next solution in the queue, which must not be empty."""
    assignment = queue.claim_next(project=by.project, by=by)
    assert assignment, "the queue is empty"
    return submit(by, assignment, ratings, **values).label


def gold(project, kind="hidden", error_steps=(1,), **values):
    """A new solution of three steps whose acceptable first errors are these, from 0."""
    explanation = values.pop("explanation", "")
    steps = {"error_steps": error_steps, "explanation": explanation}
    return gold_services.add_gold(solution=solution(project, **values), kind=kind, by=None, **steps)


def answer(by, *, agrees=True, **values):
    """A label of the next solution that is handed out, whose gold (error at the second step) it agrees with or not."""
    return label(by, (1, -1) if agrees else (1, 1, 1), **values)


def screened(project, items, name=None):
    """A new labeler of a project with so many screening solutions."""
    for _ in range(items):
        gold(project, "screening")
    person = user(name)
    members.add_member(project=project, user=person, role="labeler", by=None)
    return Labeler.objects.select_related("project").get(project=project, user=person)


def disagreement(first, second, ratings=((1, -1), (1, 1, 1)), **values):
    """A solution that two people have labeled, each with their own ratings."""
    project = first.project
    project.overlap_share = 1.0
    project.save()
    made = queued(project, 1, **values)[0].solution
    for by, theirs in zip((first, second), ratings, strict=True):
        assert label(by, theirs).solution_id == made.pk
    return made


def automatic_source(project, name="completer", **values):
    """Rollouts of the toy completer that are asked for, without a worker."""
    job = Job.objects.create(project=project, kind="automatic")
    asked = asdict(Rollouts("toy")) | {"choice": asdict(Choice())}
    told = {"kind": "rollouts", "asked": asked} | values
    return AutomaticSource.objects.create(project=project, name=name, job=job, **told)


def finished_dataset(project, by, view="training"):
    """As workers/exports.py makes it, with a file beside it that its manifest does not name."""
    snapshot = snapshots.request_snapshot(project=project, by=by, view=view)
    job = jobs.claim_job(kind=JobKind.EXPORT, worker="test")
    folder = settings.DATA_DIR / snapshot.folder
    folder.parent.mkdir(parents=True, exist_ok=True)
    lines = b'{"a": 1}\n'
    digest = hashlib.sha256(lines).hexdigest()
    folder.mkdir()
    (folder / "phase2_train.jsonl").write_bytes(lines)
    (folder / "not_listed.jsonl").write_text("secret")
    file = exporting.ExportedFile("phase2_train.jsonl", digest, len(lines), 1, {}, {})
    manifest = {"files": [vars(file)], "excluded": {"gave up": 3}, "labelers": 2}
    (folder / "manifest.json").write_text(json.dumps(manifest))
    return snapshots.publish(snapshot=snapshot, job=job, manifest=manifest, sha256="a" * 64)
