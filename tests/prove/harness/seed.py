"""A project with a queue and signed-in labelers, made in the database that the environment names; prints their cookies.

`python -m tests.prove.harness.seed SLUG SOLUTIONS LABELERS`; a second call with the slug adds solutions to its queue.
`python -m tests.prove.harness.seed SLUG lead` signs a lead in and prints that cookie.
"""

import hashlib
import json
import sys

import django


def main(slug: str, solutions: int, labelers: int) -> None:
    django.setup()
    from django.db import connection

    from annotation.models import Project

    with connection.cursor() as cursor:  # on a busy machine so many rows take more than 10 s to make
        cursor.execute("SET idle_in_transaction_session_timeout = 0")
    project = Project.objects.filter(slug=slug).first()
    cookies = []
    if project is None:
        project, cookies = _project(slug, labelers)
    _queue(project, solutions)
    sys.stdout.write(json.dumps(cookies) + "\n")


def sign_in_lead(slug: str) -> None:
    django.setup()
    from annotation.models import Project

    sys.stdout.write(json.dumps(_signed_in(Project.objects.get(slug=slug), "lead", f"{slug}-lead")) + "\n")


def _project(slug, labelers):
    from tests import factories

    # A labeler never has the same problem so often that the queue looks empty.
    project = factories.project(slug=slug, name="Under fire", screening_items=0)
    return project, [_signed_in(project, "labeler", f"{slug}-{number}") for number in range(labelers)]


def _signed_in(project, role, name):
    from django.test import Client

    from labeling_ui.second_factor import BACKEND
    from tests import factories

    client = Client()
    member = factories.member(project, role, name)
    client.force_login(getattr(member, "user", member), backend=BACKEND)
    return client.cookies["sessionid"].value


def _queue(project, count):
    """Slots for so many new solutions, each of its own problem."""
    from annotation.models import Problem, Solution
    from annotation.services import rounds
    from tests import factories

    first = Problem.objects.filter(project=project).count()
    texts = [f"What is {number} + 1?" for number in range(first, first + count)]
    problems = Problem.objects.bulk_create(
        Problem(project=project, text=text, answer="2", content_hash=_digest(text)) for text in texts
    )
    steps = [["One step.", "Another step.", f"The last of {one.pk}.\n\n# Answer\n\n3"] for one in problems]
    made = Solution.objects.bulk_create(
        Solution(project=project, problem=one, steps=text, answer="3", grade="wrong", content_hash=_digest(*text))
        for one, text in zip(problems, steps, strict=True)
    )
    round_, job = factories.running_round(project)
    picks = [rounds.Pick(one.pk, "remaining", 1.0 - place / count, {}) for place, one in enumerate(made)]
    rounds.fill_round(round=round_, job=job, version=None, picks=picks, report={})


def _digest(*texts):
    return hashlib.sha256("\n".join(texts).encode()).digest()


if __name__ == "__main__":
    if sys.argv[2:] == ["lead"]:
        sign_in_lead(sys.argv[1])
    else:
        main(sys.argv[1], *map(int, sys.argv[2:]))
