"""Publishing on the Hub: against a small server on the loopback that speaks the endpoints that the Hub's own client needs."""

import base64
import json
import logging
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest

from annotation.models import AuditEvent
from annotation.models.jobs import JobKind
from annotation.models.snapshots import View
from annotation.services import export_hub, publishing, snapshots
from annotation.services.export_hub import HubRefused
from tests import factories
from workers import exports
from workers.duty import work_off

constants = pytest.importorskip("huggingface_hub.constants")
pytestmark = pytest.mark.django_db(transaction=True)

TOKEN = "hf_averysecrettoken"


class Hub(BaseHTTPRequestHandler):
    """Takes what is committed into `server.files`; `server.status` other than 200 is what every write is answered."""

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.server.asked.append((self.path, self.headers.get("Authorization")))
        if self.server.status != 200:
            return self.answer({"error": f"no, not with {TOKEN}"}, self.server.status)
        if self.path == "/api/validate-yaml":
            return self.answer({"errors": [], "warnings": []})
        if self.path == "/api/repos/create":
            return self.answer({"url": f"{self.server.address}/datasets/us/labels", "name": "us/labels"})
        if "/preupload/" in self.path:
            files = json.loads(body)["files"]
            told = [{"path": one["path"], "uploadMode": "regular", "shouldIgnore": False} for one in files]
            return self.answer({"files": told})
        if "/commit/" in self.path:
            for line in map(json.loads, body.splitlines()):
                if line["key"] == "file":
                    self.server.files[line["value"]["path"]] = base64.b64decode(line["value"]["content"])
            url = f"{self.server.address}/datasets/us/labels/commit/abc"
            return self.answer({"success": True, "commitOid": "abc", "commitUrl": url, "hookOutput": ""})
        return self.answer({"error": "no such place"}, 404)

    def do_GET(self):
        if self.path.startswith("/api/datasets/us/labels"):
            return self.answer({"id": "us/labels", "sha": "abc", "siblings": [], "private": True, "tags": []})
        return self.answer({"error": "no such place"}, 404)

    def do_HEAD(self):
        """Whether a file is there."""
        name = self.path.rpartition("/")[2]
        if name not in self.server.files:
            self.send_response(404)
            self.send_header("X-Error-Code", "EntryNotFound")
            return self.end_headers()
        self.send_response(200)
        for header, value in (("ETag", '"abc"'), ("X-Repo-Commit", "abc"), ("Content-Length", "1")):
            self.send_header(header, value)
        return self.end_headers()

    def answer(self, body, status=200):
        text = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, *_):
        pass


@contextmanager
def serving():
    server = ThreadingHTTPServer(("127.0.0.1", 0), Hub)
    server.address = f"http://127.0.0.1:{server.server_port}"
    server.files, server.asked, server.status = {}, [], 200
    thread = Thread(target=server.serve_forever)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture
def hub(settings, tmp_path, monkeypatch):
    settings.DATA_DIR, settings.HF_TOKEN = tmp_path, TOKEN
    with serving() as server:
        settings.HF_ENDPOINT = server.address
        # The client reads HF_ENDPOINT when it is loaded, and understands addresses of no other host.
        monkeypatch.setattr(constants, "HF_URL_HOSTS", constants.HF_URL_HOSTS | {"127.0.0.1"})
        yield server


@pytest.fixture
def snapshot(alice, dana, settings, tmp_path):
    settings.DATA_DIR = tmp_path
    factories.queued(alice.project)
    factories.label(alice)
    made = snapshots.request_snapshot(project=alice.project, by=dana, view=View.RAW)
    work_off(JobKind.EXPORT, exports)
    made.refresh_from_db()
    return made


def publish(snapshot, by):
    publication = publishing.request_publication(snapshot=snapshot, repo="us/labels", by=by)
    work_off(JobKind.EXPORT, exports)
    publication.refresh_from_db()
    publication.job.refresh_from_db()
    return publication


def test_a_dataset_is_published_with_its_card_and_manifest_but_not_the_list_it_is_made_again_from(
    hub, snapshot, dana, tmp_path
):
    publication = publish(snapshot, dana)

    assert publication.url == f"{hub.address}/datasets/us/labels/commit/abc"
    assert publication.job.state == "done"
    assert sorted(hub.files) == ["README.md", "manifest.json", "phase2_train.jsonl"]
    for name, content in hub.files.items():
        assert content == (tmp_path / snapshot.folder / name).read_bytes()
    assert {token for _, token in hub.asked} == {f"Bearer {TOKEN}"}


def test_a_card_that_is_there_stays_with_the_licence_that_its_owner_chose(hub, snapshot, dana):
    hub.files["README.md"] = b"license: mit"

    publish(snapshot, dana)

    assert hub.files["README.md"] == b"license: mit"
    assert "manifest.json" in hub.files


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (403, "The Hub does not let this token write to us/labels."),
        (401, "The Hub does not let this token write to us/labels."),
        (404, "There is no dataset repository us/labels"),
        (400, "The Hub does not take the card, README.md:"),
    ],
)
def test_what_the_hub_refuses_is_said_in_words_and_the_token_never_is(status, words, hub, snapshot, dana, caplog):
    hub.status = status

    with caplog.at_level(logging.DEBUG):
        publication = publish(snapshot, dana)

    assert publication.job.state == "failed"
    assert publication.job.error.startswith(words)
    assert publication.url == ""
    told = caplog.text + publication.job.error + json.dumps(list(AuditEvent.objects.values_list("details", flat=True)))
    assert TOKEN not in told


def test_a_hub_that_does_not_answer_is_said_to_be_away(snapshot, dana, settings):
    settings.HF_TOKEN = TOKEN
    with serving() as gone:
        settings.HF_ENDPOINT = gone.address

    with pytest.raises(HubRefused, match="The Hub cannot be reached"):
        export_hub.push(
            folder=settings.DATA_DIR / snapshot.folder, names=["manifest.json"], repo="us/labels", message=""
        )
