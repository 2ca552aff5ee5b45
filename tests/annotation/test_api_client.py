"""N2: the code of docs/api.md, run against a server that listens."""

import os
import re
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import pytest

from annotation.models import ImportBatch, Label, Message, Project
from annotation.services import tokens
from tests import factories
from workers.tasks import imports

DOCS = Path(__file__).resolve().parents[2] / "docs" / "api.md"
pytestmark = [pytest.mark.services, pytest.mark.django_db(transaction=True)]


def code():
    return re.findall(r"```python\n(.*?)```", DOCS.read_text(), re.DOTALL)


def test_n2_the_client_of_the_docs_leads_imports_and_labels(live_server, monkeypatch, tmp_path, settings, capsys):
    settings.DATA_DIR = tmp_path
    project = factories.project(slug="algebra", name="Algebra")
    dana, alice = factories.member(project, "lead", "dana"), factories.member(project, "labeler", "alice")
    factories.queued(project, 2)
    monkeypatch.setenv("STEPMARK_ADDRESS", live_server.url)
    monkeypatch.setenv("STEPMARK_TOKEN", tokens.make(by=dana, name="docs", scopes=["manage"], days=1)[1])
    monkeypatch.setenv("STEPMARK_PROJECT", "algebra")
    # Whenever the client waits a worker does what there is; nobody else sees this clock.
    monkeypatch.setitem(sys.modules, "time", SimpleNamespace(**vars(time) | {"sleep": lambda _: imports.run_imports()}))
    names = {"__name__": "docs"}

    for block in code():
        exec(compile(block, str(DOCS), "exec"), names)

    printed = capsys.readouterr().out
    assert "2 solutions wait, 0 are labeled" in printed
    assert "404 not_found: There is nothing here for you." in printed
    assert Project.objects.get(slug="algebra").reopen_hours == 48
    assert Message.objects.get().text == "Labels can be corrected for two days now."
    assert ImportBatch.objects.get().state == "importing"

    labeler = names["Stepmark"](live_server.url, tokens.make(by=alice.user, name="x", scopes=["label"], days=1)[1])
    assert [names["label_one"](labeler, "algebra") for _ in range(3)] == [True, True, False]
    assert Label.objects.filter(labeler=alice).count() == 2
    assert os.environ["STEPMARK_PROJECT"] == "algebra"
