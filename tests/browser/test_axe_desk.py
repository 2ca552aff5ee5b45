"""axe before every page of the desk and of an account (row E10)."""

import json

import pytest
from django.utils import timezone

from annotation.models import Delivery, User
from annotation.models.jobs import JobKind
from annotation.services import adjudication, invitations, outgoing, quality, tokens, webhooks
from tests import factories
from tests.browser.eyes import open_all
from tests.browser.test_imports import LINES
from workers import imports
from workers.duty import work_off

STEPS = ["Double it: $2x=6$.", "So $x=4$.", "Then $x+1=5$.\n\n# Answer\n\n5"]


@pytest.fixture
def project(transactional_db, settings, tmp_path):
    settings.DATA_DIR = tmp_path
    return factories.project(slug="algebra", name="Algebra")


def test_pages_about_people_and_their_work(project, dana, alice, bob, eyes):
    one = eyes(dana)
    for path in ("people/", "labelers/", "behaviour/", "audit/", "troubles/"):
        one.visit(f"/p/algebra/{path}", state=f"nobody yet: {path}")
    factories.queued(project, 9)
    factories.label(alice, (1, 0, -1))
    factories.label(bob)
    invitations.invite(project=project, email="eve@example.org", role="labeler", by=dana)
    quality.exclude(labeler=bob, since=timezone.now() - timezone.timedelta(days=1), reason="Clicked.", by=dana)
    for path in ("people/", "labelers/", f"labelers/{alice.pk}/", "behaviour/", "audit/", "troubles/", "?days=90"):
        one.visit(f"/p/algebra/{path}")
        open_all(one.page)
        one.look(f"{path}, opened")
    one.visit("/p/algebra/audit/?since=nonsense")


def test_pages_about_gold(project, dana, alice, eyes):
    one = eyes(dana)
    for path in ("quality/", "quality/gold/", "quality/mistakes/"):
        one.visit(f"/p/algebra/{path}", state=f"no gold yet: {path}")
    screening, hidden = factories.gold(project, "screening"), factories.gold(project, steps=STEPS)
    factories.queued(project, 1)
    factories.answer(alice, agrees=False)
    for path in ("quality/", "quality/gold/", f"quality/gold/{hidden.pk}/", "quality/mistakes/"):
        one.visit(f"/p/algebra/{path}")
        open_all(one.page)
        one.look(f"{path}, opened")
    one.visit(f"/p/algebra/quality/gold/{screening.pk}/")
    one.visit("/p/algebra/quality/gold/new/")
    one.visit(f"/p/algebra/quality/gold/new/?solution={factories.solution(project, steps=STEPS).pk}")


def test_pages_about_disagreements(project, dana, alice, bob, eyes):
    rita, one = factories.member(project, "reviewer", "rita"), eyes(dana)
    for path in ("agreement/", "adjudication/", "problems/"):
        one.visit(f"/p/algebra/{path}", state=f"nothing yet: {path}")
    solution = factories.disagreement(alice, bob, steps=STEPS, answer="5")
    for path in (
        "agreement/",
        "adjudication/",
        "problems/",
        f"problems/{solution.problem_id}/",
        "reports/?show=disputes",
    ):
        one.visit(f"/p/algebra/{path}")
        open_all(one.page)
        one.look(f"{path}, opened")
    case = f"/p/algebra/adjudication/{solution.pk}/"
    reviewer = eyes(rita)
    reviewer.visit(case, state="to be judged blind")
    reviewer.click("a judgement that is not complete", "main form button", wait_for="[role=alert]")
    judgement = factories.judgement((1, -1))
    adjudication.judge_blind(project=project, solution=solution.pk, judgement=judgement, by=rita)
    reviewer.visit(case, state="to be decided")
    adjudication.decide(project=project, solution=solution.pk, judgement=judgement, by=rita)
    one.visit(case, state="decided")
    for show in ("begun", "decided"):
        one.visit(f"/p/algebra/adjudication/?show={show}")


def test_pages_of_imports(project, dana, tmp_path, eyes):
    file = tmp_path / "problems.jsonl"
    file.write_text("".join(json.dumps(line) + "\n" for line in LINES))
    one = eyes(dana)
    one.visit("/p/algebra/imports/", state="nothing brought in yet")
    one.click("no file", "main form .button", wait_for="[role=alert], .errorlist")
    one.page.locator("input[type=file]").first.set_input_files(file)
    one.click("a file that is being checked", "main form .button", wait_for="[data-poll], [data-live], progress")
    work_off(JobKind.IMPORT, imports)
    one.page.reload()
    open_all(one.page)
    one.look("a file that was checked", wait_for="main form .button")
    one.visit("/p/algebra/imports/")


def test_pages_of_an_account(project, dana, eyes):
    one = eyes(dana)
    tokens.make(by=dana, name="nightly export", project=project, scopes=["read"], days=30)
    for path in ("security/", "data/", "tokens/", "second-factor/"):
        one.visit(f"/accounts/{path}")
    factories.give_second_factor(dana)
    one.visit("/accounts/security/", state="with a second factor")
    User.objects.filter(pk=dana.pk).update(is_superuser=True)
    one.visit("/new/")


def test_pages_about_webhooks(project, dana, eyes, settings):
    one = eyes(dana)
    one.visit("/p/algebra/webhooks/", state="none is allowed")
    settings.WEBHOOK_ORIGINS = ["http://10.0.0.7:8080"]
    for path in ("a", "b"):
        hook, _ = webhooks.add(project=project, url=f"http://10.0.0.7:8080/{path}", site="http://127.0.0.1", by=dana)
        for values in ({"state": "sent", "status": 200}, {"state": "given_up", "error": str(outgoing.NotSent())}):
            Delivery.objects.create(webhook=hook, event="round.finished", payload={}, attempts=3, **values)
    one.visit("/p/algebra/webhooks/")
    one.click("no address", "form.card .button.primary", wait_for=".errorlist")
