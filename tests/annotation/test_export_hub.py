"""Publishing on the Hub: against a small server on the loopback that speaks the endpoints that the Hub's own client needs."""

import base64
import json
import logging
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest
import yaml

from annotation.models import AuditEvent, Job, Publication, Snapshot
from annotation.models.jobs import JobKind
from annotation.models.snapshots import View
from annotation.services import export_hub, publishing, snapshots
from annotation.services.export_hub import HubRefused
from annotation.services.publishing import RepositoryTaken
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
            self.commit(map(json.loads, body.splitlines()))
            url = f"{self.server.address}/datasets/us/labels/commit/abc"
            return self.answer({"success": True, "commitOid": "abc", "commitUrl": url, "hookOutput": ""})
        return self.answer({"error": "no such place"}, 404)

    def commit(self, lines):
        for line in lines:
            if line["key"] == "file":
                self.server.files[line["value"]["path"]] = base64.b64decode(line["value"]["content"])
            if line["key"] == "deletedFile":
                del self.server.files[line["value"]["path"]]

    def do_GET(self):
        if "/resolve/" in self.path and (content := self.server.files.get(self.path.rpartition("/")[2])):
            self.send_response(200)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            return self.wfile.write(content)
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
        size = str(len(self.server.files[name]))
        for header, value in (("ETag", '"abc"'), ("X-Repo-Commit", "abc"), ("Content-Length", size)):
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


OWNERS = b"""---
license: mit
pretty_name: Ours
size_categories:
- n<1K
configs:
- config_name: gone
  data_files:
  - split: train
    path: gone.jsonl
tags:
- ours
---

What it held once: gone.jsonl.
"""


def test_of_a_card_that_is_there_stays_what_its_owner_chose_and_the_files_are_told_anew(hub, snapshot, dana, tmp_path):
    hub.files["README.md"] = OWNERS

    publish(snapshot, dana)

    _, front, body = hub.files["README.md"].decode().split("---\n", 2)
    assert yaml.safe_load(front) == {
        "license": "mit",
        "pretty_name": "Ours",
        "tags": ["ours"],
        "size_categories": ["n<1K"],
        "configs": [{"config_name": "phase2", "data_files": [{"split": "train", "path": "phase2_train.jsonl"}]}],
    }
    assert body == (tmp_path / snapshot.folder / "README.md").read_text().split("---\n", 2)[2]


@pytest.mark.parametrize(
    ("slug", "stays"), [("algebra", {"theirs.txt"}), ("elsewhere", {"theirs.txt", "phase1_test.jsonl"})]
)
def test_what_an_earlier_publication_of_the_project_named_goes_and_all_else_stays(slug, stays, hub, snapshot, dana):
    earlier = {"project": slug, "files": [{"name": "phase1_test.jsonl"}, {"name": "never_there.jsonl"}]}
    hub.files |= {"manifest.json": json.dumps(earlier).encode(), "phase1_test.jsonl": b"{}", "theirs.txt": b"x"}

    publish(snapshot, dana)

    assert set(hub.files) == {"README.md", "manifest.json", "phase2_train.jsonl"} | stays
    assert json.loads(hub.files["manifest.json"])["project"] == "algebra"


def test_a_project_cannot_write_over_the_datasets_of_another_one(hub, snapshot, charlie, dana):
    publish(snapshot, dana)
    theirs = Snapshot.objects.create(project=charlie.project, view="raw", folder="x", sha256="a" * 64, manifest={})

    with pytest.raises(RepositoryTaken):
        publishing.request_publication(snapshot=theirs, repo="US/labels", by=charlie.user)
    with pytest.raises(RepositoryTaken):
        publishing.check_repository(project=charlie.project, repo="us/labels")
    assert publish(snapshot, dana).job.state == "done"


def test_of_two_projects_that_asked_at_once_the_first_one_has_the_repository(hub, snapshot, charlie, dana):
    publish(snapshot, dana)
    theirs = Snapshot.objects.create(project=charlie.project, view="raw", folder="x", sha256="a" * 64, manifest={})
    job = Job.objects.create(project=charlie.project, kind=JobKind.EXPORT)
    late = Publication.objects.create(project=charlie.project, snapshot=theirs, job=job, repo="us/labels")

    work_off(JobKind.EXPORT, exports)

    late.job.refresh_from_db()
    assert late.job.error == "This repository holds the datasets of another project. Name another one."


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
            folder=settings.DATA_DIR / snapshot.folder, manifest=snapshot.manifest, repo="us/labels", message=""
        )
