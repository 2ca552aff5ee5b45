"""N12: addresses outside are told what happens in a project: written down with it, signed, sent until it arrives."""

import base64
import hashlib
import hmac
import json
import os
import re
import subprocess
import sys
import threading
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pytest
from django.db import connection, transaction
from django.db.models.functions import Now
from django.urls import resolve
from django.utils import timezone

from annotation import jobs as job_names
from annotation.models import AuditEvent, Delivery, Labeler, Webhook
from annotation.models.jobs import JobKind
from annotation.services import (
    deliveries,
    import_work,
    jobs,
    labelers,
    outgoing,
    publishing,
    rounds,
    snapshots,
    webhooks,
)
from tests import factories, webhook_receiver
from tests.annotation.test_import_batches import TEN, imported, requested
from tests.annotation.test_quality import judged, ten  # noqa: F401 - a fixture
from workers.tasks.sweep import sweep
from workers.tasks.webhooks import run_webhooks

pytestmark = pytest.mark.django_db
ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs" / "api.md"
SITE = "https://stepmark.example.org"


@pytest.fixture(autouse=True)
def data_dir(tmp_path, settings):
    settings.DATA_DIR = tmp_path
    return tmp_path


@pytest.fixture(scope="module")
def server():
    with webhook_receiver.running() as found:
        yield found


@pytest.fixture
def receiver(server, settings):
    settings.WEBHOOK_ORIGINS = [server.address]
    server.will_answer()
    server.received()
    return server


@pytest.fixture
def secret(project, dana, receiver):
    """The secret of a webhook of the project that leads to the receiver."""
    return webhooks.add(project=project, url=f"{receiver.address}/hook", site=f"{SITE}/", by=dana)[1]


def failed_round(project, error="CUDA is out of memory"):
    round_, job = factories.running_round(project)
    return rounds.fail_round(round=round_, job=job, error=error)


def told():
    """The newest delivery: (event, what it says beside project and link, the name of the page that its link leads to)."""
    delivery = Delivery.objects.latest("pk")
    data = dict(delivery.payload["data"])
    assert data.pop("project") == {"slug": "algebra", "name": "Algebra"}
    assert delivery.payload["type"] == delivery.event
    link = data.pop("link")
    assert link.startswith(f"{SITE}/p/algebra/")
    return delivery.event, data, resolve(link.removeprefix(SITE)).url_name


def let_time_pass():
    Delivery.objects.update(next_try_at=Now())


# What is told --------------------------------------------------------------------------------------------------------


def test_n12_a_round_tells_that_it_is_done_or_failed_but_not_that_it_was_cancelled(project, secret, dana):
    factories.queued(project, 2)
    assert told() == ("round.finished", {"round": {"number": 0, "state": "done", "queued": 2}}, "round")

    failed_round(project)
    assert told() == ("round.finished", {"round": {"number": 1, "state": "failed"}}, "round")

    round_, job = factories.running_round(project)
    rounds.end_cancelled(round=round_, job=job)
    assert Delivery.objects.count() == 2


def test_n12_a_pause_by_quality_control_is_told_and_one_by_a_lead_is_not(ten, dana, secret):  # noqa: F811
    judged(ten, *[True] * 4, *[False] * 6)

    about = {"pseudonym": str(ten.pseudonym), "judged": 10, "agreed": 4}
    assert told() == ("labeler.paused", {"labeler": about}, "quality")

    before = Delivery.objects.count()
    labelers.pause(labeler=Labeler.objects.create(project=ten.project), reason="Let us talk.", by=dana)
    assert Delivery.objects.count() == before


def test_n12_a_dataset_tells_that_it_is_complete_or_failed_and_its_publication_tells_nothing(project, secret, dana):
    snapshot = factories.finished_dataset(project, dana)
    about = {"id": snapshot.pk, "format": "prm800k", "view": "training"}
    assert told() == ("dataset.finished", {"dataset": about | {"state": "done", "lines": 1}}, "datasets")

    asked = snapshots.request_snapshot(project=project, by=dana, view="raw")
    snapshots.fail(job=jobs.claim_job(kind=JobKind.EXPORT, worker="test"), error="No space left")
    about = {"id": asked.pk, "format": "prm800k", "view": "raw"}
    assert told() == ("dataset.finished", {"dataset": about | {"state": "failed", "lines": 0}}, "datasets")


def test_n12_a_publication_that_fails_tells_nothing(project, secret, dana, settings):
    settings.HF_TOKEN = "hf_x"
    snapshot = factories.finished_dataset(project, dana)
    before = Delivery.objects.count()

    publishing.request_publication(snapshot=snapshot, repo="us/labels", by=dana)
    snapshots.fail(job=jobs.claim_job(kind=JobKind.EXPORT, worker="test"), error="The Hub is away")

    assert Delivery.objects.count() == before


def test_n12_an_import_tells_that_it_is_done_or_failed(project, secret, dana):
    batch = imported(project, dana, *TEN)
    about = {"id": batch.pk, "kind": "problems"}
    assert told() == ("import.finished", {"import": about | {"state": "done", "created": 10}}, "import")

    batch = requested(project, dana, *TEN, name="eve@example.org.jsonl")
    import_work.fail(job=jobs.claim_job(kind=JobKind.IMPORT, worker="test"), error="Line 3: eve@example.org")
    about = {"id": batch.pk, "kind": "problems"}
    assert told() == ("import.finished", {"import": about | {"state": "failed", "created": 0}}, "import")


def test_n12_nothing_that_people_wrote_and_no_name_of_theirs_is_told(project, secret, dana, alice):
    alice.user.email = "alice@example.org"
    alice.user.save()
    factories.queued(project, 1)
    factories.label(alice, (1, -1))
    failed_round(project, error="eve@example.org wrote: A step.")

    everything = json.dumps(list(Delivery.objects.values_list("payload", flat=True)))
    for text in ("@", "alice", "dana", "step.", "ratings", str(alice.pseudonym)):
        assert text not in everything


def test_n12_nothing_is_told_of_what_was_rolled_back(project, secret, receiver, django_capture_on_commit_callbacks):
    round_, job = factories.running_round(project)
    with django_capture_on_commit_callbacks() as woken, transaction.atomic():
        rounds.fail_round(round=round_, job=job, error="No.")
        transaction.set_rollback(True)

    run_webhooks()

    assert (woken, Delivery.objects.count(), receiver.received()) == ([], 0, [])


def test_n12_without_a_webhook_it_costs_one_query(project, django_assert_num_queries):
    with django_assert_num_queries(1):  # those of the project
        webhooks.tell(project=project, event="test", page="", facts={})


def test_n12_the_message_in_the_docs_has_the_names_of_a_real_one(project, secret):
    (text,) = re.findall(r"```json\n(.*?)```", DOCS.read_text(), re.DOTALL)
    shown = json.loads(text)
    factories.queued(project, 2)

    real = Delivery.objects.get().payload

    assert shown.pop("type") == real["type"] == "round.finished"
    assert shown.keys() == real.keys() - {"type"}
    assert shown["data"].keys() == real["data"].keys()
    assert shown["data"]["project"].keys() == real["data"]["project"].keys()
    assert shown["data"]["round"].keys() == real["data"]["round"].keys() | {"labels"}  # this round was by chance


def test_n12_webhooks_of_other_projects_hear_nothing(secret, charlie):
    failed_round(charlie.project)

    assert not Delivery.objects.exists()


def test_n12_what_was_told_long_ago_is_forgotten_and_what_waits_is_not(project, secret):
    failed_round(project)
    failed_round(project)
    sent, waiting = Delivery.objects.order_by("pk")
    Delivery.objects.update(created_at=timezone.now() - timedelta(days=31), next_try_at=timezone.now() + timedelta(1))
    Delivery.objects.filter(pk=sent.pk).update(state="sent")

    failed_round(project)
    run_webhooks()

    assert list(Delivery.objects.order_by("pk").values_list("pk", flat=True)[:1]) == [waiting.pk]


# How it gets there ---------------------------------------------------------------------------------------------------


def test_n12_what_arrives_is_signed_and_the_code_of_the_docs_can_tell(project, secret, receiver):
    failed_round(project)

    run_webhooks()

    (came,) = receiver.received()
    headers, body = came["headers"], came["body"]
    delivery = Delivery.objects.get()
    assert (delivery.state, delivery.attempts, delivery.status, delivery.error) == ("sent", 1, 200, "")
    assert (came["path"], headers["webhook-id"]) == ("/hook", str(delivery.event_id))
    assert headers["content-type"] == "application/json"
    assert json.loads(body) == delivery.payload
    assert abs(time.time() - int(headers["webhook-timestamp"])) < 60
    key = base64.b64decode(secret.removeprefix("whsec_"))
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.{body}".encode()
    by_hand = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    assert headers["webhook-signature"] == f"v1,{by_hand}"

    names = {}
    (block,) = re.findall(r"```python\n((?:(?!```).)*?def is_ours.*?)```", DOCS.read_text(), re.DOTALL)
    exec(compile(block, str(DOCS), "exec"), names)
    assert names["is_ours"](secret, headers, body.encode())
    assert not names["is_ours"](secret, headers, body.encode() + b" ")
    assert not names["is_ours"](secret, headers | {"webhook-id": str(uuid.uuid4())}, body.encode())
    assert not names["is_ours"](secret, headers | {"webhook-timestamp": "1700000000"}, body.encode())


def test_n12_the_signature_is_that_of_the_specification():
    """The example of the Standard Webhooks libraries, https://github.com/standard-webhooks/standard-webhooks."""
    made = deliveries.signature(
        secret="whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        event_id="msg_p5jXN8AQM9LWM0D4loKWxJek",
        sent_at="1614265330",
        body=b'{"test": 2432232314}',
    )

    assert made == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_n12_it_is_sent_again_after_a_500_and_a_dropped_connection_with_the_same_id_and_body(project, secret, receiver):
    receiver.will_answer(500, None, 302, 204)
    failed_round(project)

    seen = []
    for _ in range(4):
        run_webhooks()
        delivery = Delivery.objects.get()
        seen.append((delivery.state, delivery.attempts, delivery.status, bool(delivery.error)))
        run_webhooks()  # not before its pause is over
        let_time_pass()

    assert seen == [
        ("waiting", 1, 500, False),
        ("waiting", 2, None, True),
        ("waiting", 3, 302, False),
        ("sent", 4, 204, False),
    ]
    came = receiver.received()
    assert len(came) == 4
    assert {one["headers"]["webhook-id"] for one in came} == {str(delivery.event_id)}
    assert len({one["body"] for one in came}) == 1
    assert "kept by nobody" not in str(list(Delivery.objects.values()))


def test_n12_the_pauses_grow_and_it_is_given_up_after_half_a_day(project, secret, receiver):
    pauses = [deliveries.pause_after(attempt) for attempt in range(1, deliveries.MOST_ATTEMPTS)]
    assert [one.total_seconds() for one in pauses[:4]] == [30, 60, 120, 240]
    assert pauses == sorted(pauses)
    assert timedelta(hours=11) < sum(pauses, timedelta()) < timedelta(hours=13)

    failed_round(project)
    Delivery.objects.update(attempts=deliveries.MOST_ATTEMPTS - 1)
    receiver.will_answer(503)
    run_webhooks()
    let_time_pass()
    run_webhooks()

    delivery = Delivery.objects.get()
    assert (delivery.state, delivery.attempts, delivery.status) == ("given_up", deliveries.MOST_ATTEMPTS, 503)
    assert len(receiver.received()) == 1


def test_n12_an_address_that_does_not_answer_holds_a_worker_once_not_for_all_that_waits(project, secret, monkeypatch):
    failed_round(project)
    failed_round(project)
    tried = []

    def nobody(url, **_):
        tried.append(url)
        raise outgoing.NotSent

    monkeypatch.setattr(outgoing, "post", nobody)
    run_webhooks()

    assert len(tried) == 1
    assert not deliveries.is_due()


def test_n12_what_the_operator_allows_no_more_is_not_sent_and_says_so(project, secret, receiver, settings):
    failed_round(project)
    settings.WEBHOOK_ORIGINS = []

    run_webhooks()

    assert "WEBHOOK_ORIGINS" in Delivery.objects.get().error
    assert receiver.received() == []


def test_n12_what_no_message_told_a_worker_of_the_sweep_finds(project, secret, receiver, monkeypatch):
    woken = []
    monkeypatch.setattr(job_names, "remind", woken.append)
    sweep()
    assert job_names.RUN_WEBHOOKS not in woken

    failed_round(project)
    woken.clear()
    sweep()

    assert job_names.RUN_WEBHOOKS in woken


# Naming and removing -------------------------------------------------------------------------------------------------


def test_n12_a_webhook_is_audited_and_its_secret_is_not(project, secret, dana):
    event = AuditEvent.objects.get(action="add webhook")

    assert (event.actor, event.target) == (dana, Webhook.objects.get().url)
    assert secret not in str(AuditEvent.objects.values_list())


def test_n12_addresses_that_are_not_allowed_known_already_or_too_many_are_refused(project, secret, dana, receiver):
    def name(url):
        return webhooks.add(project=project, url=url, site=SITE, by=dana)

    with pytest.raises(outgoing.NotAllowed):
        name("https://elsewhere.example.org/")
    with pytest.raises(webhooks.NamedAlready):
        name(f"{receiver.address}/hook")
    for number in range(1, webhooks.MOST):
        name(f"{receiver.address}/{number}")
    with pytest.raises(webhooks.TooManyWebhooks):
        name(f"{receiver.address}/more")


def test_n12_removing_a_webhook_removes_what_waits_for_it(project, secret, dana, receiver):
    failed_round(project)

    webhooks.remove(project=project, webhook=Webhook.objects.get().pk, by=dana)
    run_webhooks()

    assert not Delivery.objects.exists()
    assert receiver.received() == []
    assert AuditEvent.objects.filter(action="remove webhook").exists()


def test_n12_a_webhook_may_be_removed_while_something_is_sent_to_it(project, secret, dana, monkeypatch):
    failed_round(project)

    def post(url, **_):
        webhooks.remove(project=project, webhook=Webhook.objects.get().pk, by=dana)
        return 200

    monkeypatch.setattr(outgoing, "post", post)
    run_webhooks()

    assert not Delivery.objects.exists()


@pytest.mark.services
@pytest.mark.django_db(transaction=True)
def test_n12_what_happens_while_a_webhook_is_removed_happens_all_the_same(project, secret, dana):
    begun = threading.Event()

    def tell():
        try:
            with transaction.atomic():
                begun.set()
                webhooks.tell(project=project, event="test", page="", facts={})
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            webhooks.remove(project=project, webhook=Webhook.objects.get().pk, by=dana)
            telling = pool.submit(tell)
            begun.wait()
            time.sleep(0.3)
            assert not telling.done()
        telling.result()  # it raises nothing

    assert not Delivery.objects.exists()


def test_n12_the_api_names_lists_tests_and_removes(project, dana, receiver, client_for):
    client, base = client_for(dana), "/api/v1/projects/algebra/webhooks"

    made = client.post(base, {"url": f"{receiver.address}/hook"}, content_type="application/json")
    assert made.status_code == 201
    assert made.json()["secret"].startswith("whsec_")
    pk = made.json()["id"]
    assert client.post(f"{base}/{pk}/test").status_code == 204
    run_webhooks()

    (listed,) = client.get(base).json()
    assert (listed["id"], listed["url"]) == (pk, f"{receiver.address}/hook")
    assert "secret" not in listed
    (delivery,) = listed["deliveries"]
    assert (delivery["event"], delivery["state"], delivery["status"]) == ("test", "sent", 200)
    (came,) = receiver.received()
    assert came["headers"]["webhook-id"] == delivery["id"]
    assert json.loads(came["body"])["data"]["link"] == "http://testserver/p/algebra/webhooks/"

    assert client.delete(f"{base}/{pk}").status_code == 204
    assert client.get(base).json() == []
    refused = client.post(base, {"url": "http://169.254.169.254/"}, content_type="application/json")
    assert (refused.status_code, refused.json()["code"]) == (400, "address_not_allowed")


@pytest.mark.parametrize("origin", ["hooks.example.org", "https://hooks.example.org/path", "https://a:b@hooks.example"])
def test_n12_an_origin_that_is_none_stops_the_start(origin):
    environment = os.environ | {"WEBHOOK_ORIGINS": f"https://good.example,{origin}"}
    command = [sys.executable, "-c", "import annotation.settings"]

    ended = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)

    assert "ImproperlyConfigured: WEBHOOK_ORIGINS" in ended.stderr
