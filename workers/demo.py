"""The sample project: toy problems with solutions, three accounts, and a queue that is filled."""

import json
import os
import secrets
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from random import Random
from typing import Any

from active_learning.domains import toy
from active_learning.generators import TOY
from annotation.models import Membership, Project, Round, Solution, User
from annotation.models.jobs import JobKind
from annotation.models.projects import Role
from annotation.models.rounds import RoundState
from annotation.services import importing, members, rounds
from annotation.services.refusal import Refusal
from workers import rounds as work
from workers.duty import work_off

SLUG = "demo"
ROLES = (Role.LABELER, Role.LEAD, Role.ML)  # each one's account has the role for its name
PROBLEMS, SOLUTIONS_PER_PROBLEM = 60, 16


class NameTaken(Refusal):
    """Somebody outside of the sample project has the name of one of its accounts; theirs is left alone."""


class FirstRoundFailed(Refusal):
    """The first round of the sample project failed."""


@dataclass(frozen=True)
class Account:
    role: str
    username: str
    password: str


def seed(*, data_dir: Path, problems: int = PROBLEMS, per_problem: int = SOLUTIONS_PER_PROBLEM) -> list[Account]:
    """Make what is missing of the sample project and give its accounts. Raises NameTaken, FirstRoundFailed."""
    project = Project.objects.filter(slug=SLUG).first() or members.create_project(
        slug=SLUG, name="Sample: chain arithmetic", by=None, problems_per_round=problems, generator=TOY
    )
    accounts = _accounts(data_dir)
    people = [_ensure_member(project, account) for account in accounts]
    if not Solution.objects.filter(project=project).exists():
        _import_pool(project, problems, per_problem)
    if not Round.objects.filter(project=project).exists():
        _fill_queue(project, by=people[ROLES.index(Role.ML)])
    return accounts


def _accounts(data_dir: Path) -> list[Account]:
    """The same at every start. The clear passwords are in this file alone, which only its owner can read."""
    path = data_dir / "demo_accounts.json"
    if not path.exists():
        made = [Account(role, role, secrets.token_urlsafe(12)) for role in ROLES]
        unfinished = path.with_suffix(".unfinished")
        descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w") as file:
            json.dump([asdict(account) for account in made], file)
        unfinished.replace(path)
    return [Account(**account) for account in json.loads(path.read_text())]


def _ensure_member(project: Project, account: Account) -> User:
    there = User.objects.filter(username=account.username).first()
    if there and not Membership.objects.filter(user=there, project=project).exists():
        raise NameTaken
    user = members.set_account(username=account.username, password=account.password)
    members.add_member(project=project, user=user, role=Role(account.role), by=None)
    return user


def _import_pool(project: Project, problems: int, per_problem: int) -> None:
    rng = Random(0)
    made = list(toy.problems(problems, rng=rng))
    importing.import_problems(project=project, lines=_lines(made), source="toy problems", by=None)
    solutions = [one for problem in made for one in toy.solutions(problem, per_problem, rng=rng)]
    importing.import_solutions(project=project, lines=_lines(solutions), source="toy solutions", by=None)


def _lines(rows: Iterable[dict[str, Any]]) -> list[bytes]:
    return [json.dumps(row).encode() for row in rows]


def _fill_queue(project: Project, *, by: User) -> None:
    """The first round, whose choice is random; done here, so that the queue is full before the first page opens."""
    started = rounds.start_round(project=project, by=by, seed=0)
    work_off(JobKind.ROUND, work)
    ended = Round.objects.select_related("job").get(pk=started.pk)
    if ended.state == RoundState.FAILED:
        raise FirstRoundFailed(ended.job.error)
