"""`manage.py doctor`: each part is seen sound, and seen broken, with what to do."""

import hashlib
import json
import os
import threading
from collections import namedtuple
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import OperationalError, connection
from django.db.backends.postgresql.base import DatabaseWrapper

from annotation.models import ModelVersion
from annotation.queries import doctor, doctor_database, doctor_machine, doctor_outside
from annotation.queries.diagnosis import in_words
from tests import factories

pytestmark = pytest.mark.django_db


def examined(**options):
    return {one.name: one for one in doctor.examine(**options)}


def sql(statement):
    with connection.cursor() as cursor:
        cursor.execute(statement)
        return cursor.fetchone() if cursor.description else None


@pytest.fixture
def server(settings, tmp_path):
    """Settings as of a server, that fit together."""
    settings.LOCAL = False
    settings.DATA_DIR = tmp_path
    settings.SECURE = True
    settings.ALLOWED_HOSTS = [".stepmark.example"]
    settings.CSRF_TRUSTED_ORIGINS = ["https://www.stepmark.example"]
    settings.TRUSTED_PROXIES = 1
    return settings


def test_everything_that_is_there_is_looked_at(server):
    wanted = ["database", "durability", "role", "migrations", "clock", "queue default", "queue bulk", "queue gpu"]
    wanted += ["schedule", "backup", "models in use", "broker", "disk", "data folder", "settings"]

    assert list(examined()) == wanted
    assert [one.name for one in doctor.examine(without=["backup", "clock"])] == [
        name for name in wanted if name not in ("backup", "clock")
    ]


def test_a_sound_installation_has_no_bad_line(server):
    for part in ("default", "bulk", "gpu", "schedule", "backup"):
        factories.pulse(part, f"{part}@here" if part != "backup" else "")

    found = examined(without=["durability", "role"])  # the servers of tests forget, and their role may do anything

    assert {name: one.told for name, one in found.items() if one.state != "ok" and name != "disk"} == {}
    assert "gpu@here serves it" in found["queue gpu"].told


def test_a_database_that_is_away_is_told_once_and_the_rest_is_still_looked_at(server, monkeypatch):
    def away(_):
        raise OperationalError("connection refused\nIs it running?")

    monkeypatch.setattr(DatabaseWrapper, "cursor", away)
    found = examined()

    assert found["database"].state == "bad"
    assert found["database"].told == "PostgreSQL does not answer: connection refused"
    assert set(found) == {"database", "broker", "disk", "data folder", "settings"}


def test_a_server_that_forgets_at_a_power_cut_is_bad(server):
    sql("SET LOCAL synchronous_commit = off")

    found = examined()["durability"]

    assert found.state == "bad"
    assert "synchronous_commit" in found.told
    assert "synchronous_commit = on" in found.do


def test_a_superuser_is_right_only_on_the_own_machine(server):
    (is_superuser,) = sql("SELECT rolsuper FROM pg_roles WHERE rolname = current_user")
    if not is_superuser:
        pytest.skip("the tests do not run as a superuser here")

    assert examined()["role"].state == "bad"
    server.LOCAL = True
    assert examined()["role"].state == "ok"
    server.LOCAL = False
    sql("SET LOCAL ROLE pg_read_all_data")
    assert examined()["role"].state == "ok"


def test_migrations_that_are_missing_are_counted(server):
    sql(
        "DELETE FROM django_migrations WHERE app = 'annotation'"
        " AND name = (SELECT max(name) FROM django_migrations WHERE app = 'annotation')"
    )

    assert examined()["migrations"].told == "1 are not applied."


def test_clocks_that_differ_are_bad(server, monkeypatch):
    class Late(datetime):
        @classmethod
        def now(cls, tz=None):
            return datetime.now(UTC) - timedelta(seconds=6)

    assert examined()["clock"].state == "ok"
    monkeypatch.setattr(doctor_database, "datetime", Late)

    assert examined()["clock"].state == "bad"


@pytest.mark.parametrize("part", ["default", "bulk", "gpu"])
def test_a_queue_whose_worker_fell_silent_is_bad(server, part):
    name = f"queue {part}"
    assert examined()[name].told == "No worker serves it."
    factories.pulse(part, f"{part}@gone", minutes=10)
    assert examined()[name].told == f"No worker serves it; {part}@gone did 10 min ago."
    assert examined()[name].state == "bad"

    factories.pulse(part, f"{part}@here")
    factories.pulse(part, f"{part}@gone", days=2)

    assert examined()[name].state == "ok"


def test_every_worker_of_a_queue_is_named_and_a_silent_one_beside_a_living_one_is_worth_a_look(server):
    factories.pulse("gpu", "gpu@one")
    factories.pulse("gpu", "gpu@two", seconds=4)
    found = examined()["queue gpu"]
    assert (found.state, found.told) == ("ok", "gpu@one (0 s ago), gpu@two (4 s ago) serve it.")

    factories.pulse("gpu", "gpu@two", hours=3)

    found = examined()["queue gpu"]
    assert (found.state, found.told) == ("look", "gpu@one serves it, seen 0 s ago. Silent: gpu@two (3 h ago).")
    assert "gpu-worker" in found.do


def test_a_queue_that_nobody_serves_names_all_who_did_and_a_long_list_is_cut(server):
    for number in range(7):
        factories.pulse("gpu", f"gpu@{number}", hours=3 + number)

    told = examined()["queue gpu"].told

    assert told.startswith("No worker serves it; gpu@0 did 3 h ago, gpu@1 did 4 h ago,")
    assert told.endswith("and 2 more.")


def test_on_the_own_machine_it_is_said_that_workers_take_a_moment(server):
    server.LOCAL = True

    for name, program in (("queue gpu", "gpu-worker"), ("schedule", "beat")):
        assert "half a minute" in examined()[name].do
        assert examined()[name].do.endswith(f"logs/{program}.log.")


def test_a_schedule_that_stands_still_is_bad(server):
    assert examined()["schedule"].told == "It has never swept."
    factories.pulse("schedule", minutes=2)
    assert (examined()["schedule"].state, examined()["schedule"].told) == ("bad", "The last sweep was 2 min ago.")


def test_an_old_backup_is_bad_on_a_server_and_a_hint_on_the_own_machine(server):
    assert examined()["backup"].state == "bad"
    factories.pulse("backup", hours=27)
    assert (examined()["backup"].state, examined()["backup"].told) == ("bad", "The last was made 27 h ago.")
    server.LOCAL = True
    assert examined()["backup"].state == "look"
    factories.pulse("backup", hours=25)
    assert examined()["backup"].state == "ok"


def test_a_broker_that_is_away_is_bad(server):
    assert examined()["broker"].state == "ok"
    server.CELERY_BROKER_URL = "redis+socket:///nowhere/valkey.sock?virtual_host=0"
    assert examined()["broker"].state == "bad"


@pytest.mark.parametrize(("free", "state"), [(50, "ok"), (9, "look"), (4, "bad")])
def test_a_disk_that_fills_is_told(server, monkeypatch, free, state):
    usage = namedtuple("Usage", "total used free")
    monkeypatch.setattr(doctor_machine.shutil, "disk_usage", lambda _: usage(100, 100 - free, free))

    assert examined()["disk"].state == state


def test_a_secret_that_others_may_read_is_bad(server, tmp_path):
    secret = tmp_path / "secret_key"
    secret.touch(mode=0o600)
    assert examined()["data folder"].state == "ok"
    secret.chmod(0o640)
    assert examined()["data folder"].do == f"chmod 600 {secret}"


def test_a_data_folder_that_everybody_may_write_into_is_bad(server, tmp_path):
    tmp_path.chmod(0o777)
    assert examined()["data folder"].state == "bad"


def test_a_data_folder_that_we_may_not_write_into_is_bad(server, monkeypatch):
    monkeypatch.setattr(os, "access", lambda path, mode: False)  # root may everywhere
    assert "cannot be written to" in examined()["data folder"].told


def test_a_data_folder_that_is_not_there_yet_is_no_fault(server, tmp_path):
    server.DATA_DIR = tmp_path / "new" / "data"
    assert (examined()["data folder"].state, examined()["disk"].state != "bad") == ("ok", True)


@pytest.mark.parametrize(
    ("setting", "value", "told"),
    [
        ("SECURE", False, "plain http"),
        ("CSRF_TRUSTED_ORIGINS", ["https://elsewhere.example"], "not in ALLOWED_HOSTS"),
    ],
)
def test_settings_that_contradict_each_other_are_bad(server, setting, value, told):
    assert examined()["settings"].state == "ok"
    setattr(server, setting, value)
    found = examined()["settings"]
    assert (found.state, told in found.told) == ("bad", True)


def test_no_trusted_proxy_is_worth_a_look(server):
    server.TRUSTED_PROXIES = 0
    assert examined()["settings"].state == "look"


@pytest.fixture
def selector(server, project, tmp_path):
    """A model in use, with the two files of its checkpoint."""
    folder = tmp_path / "rounds" / "1" / "checkpoint"
    folder.mkdir(parents=True)
    (folder / "head.safetensors").write_bytes(b"weights")
    manifest = json.dumps({"head.safetensors": hashlib.sha256(b"weights").hexdigest()}).encode()
    (folder / "manifest.json").write_bytes(manifest)
    sha256 = hashlib.sha256(manifest).hexdigest()
    values = {"base": "toy", "checkpoint": "rounds/1/checkpoint", "sha256": sha256, "data_sha256": sha256}
    ModelVersion.objects.create(project=project, state="active", **values)
    return folder


def test_a_model_in_use_is_read_whole(selector):
    assert examined()["models in use"].told == "The files of all 1 are whole."


@pytest.mark.parametrize("name", ["head.safetensors", "manifest.json"])
def test_a_model_in_use_that_is_lost_or_changed_is_bad(selector, name):
    (selector / name).write_bytes(b"other")
    assert f"{name} was changed" in examined()["models in use"].told
    (selector / name).unlink()
    assert f"{name} is missing" in examined()["models in use"].told
    assert examined()["models in use"].state == "bad"


@pytest.fixture
def site():
    """A site whose pages answer as `answers` says; gives its address and that table."""
    answers = {}

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            status = answers.get(self.path, 200)
            self.send_response(status)
            if status == 301:
                self.send_header("Location", self.path)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_):
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as httpd:
        threading.Thread(target=httpd.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{httpd.server_port}", answers
        httpd.shutdown()


def test_the_way_through_the_proxy_is_looked_at_where_it_is_named(server, site):
    url, _ = site
    assert "proxy" not in examined()
    assert examined(url=url)["proxy"].state == "ok"


@pytest.mark.parametrize(
    ("path", "status", "do"),
    [("/readyz", 503, "migrations"), ("/accounts/sign-in/", 301, "TRUSTED_PROXIES"), ("/readyz", 400, "ALLOWED_HOSTS")],
)
def test_what_visitors_meet_instead_is_told_with_a_reason(site, path, status, do):
    url, answers = site
    answers[path] = status
    found = doctor_outside.proxy(url)
    assert (found.state, do in found.do, str(status) in found.told) == ("bad", True, True)


@pytest.mark.parametrize("url", ["http://127.0.0.1:1", "file:///etc/passwd"])
def test_an_address_that_leads_nowhere_is_bad(url):
    assert doctor_outside.proxy(url).state == "bad"


def test_the_command_prints_a_line_for_each_and_ends_with_an_error_where_one_is_bad(server):
    out = StringIO()
    with pytest.raises(CommandError, match="are bad"):
        call_command("doctor", stdout=out)

    assert "OK    migrations: All are applied." in out.getvalue()
    assert "BAD   schedule: It has never swept.\n      → Start beat once" in out.getvalue()


def test_the_command_tells_programs_the_same(server):
    out = StringIO()
    names = ["durability", "role", "queue default", "queue bulk", "queue gpu", "schedule", "backup", "disk"]
    call_command("doctor", "--json", *(part for name in names for part in ("--without", name)), stdout=out)

    rows = json.loads(out.getvalue())

    assert {row["state"] for row in rows} == {"ok"}
    assert rows[0].keys() == {"name", "state", "told", "do"}


@pytest.mark.parametrize(
    ("seconds", "words"), [(0, "0 s"), (119, "119 s"), (120, "2 min"), (7200, "2 h"), (172_800, "2 days"), (-1, "0 s")]
)
def test_times_are_told_in_words(seconds, words):
    assert in_words(timedelta(seconds=seconds)) == words
