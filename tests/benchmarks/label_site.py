"""A site whose labels are counted: PostgreSQL that keeps every commit, gunicorn as in production, and beside it the
smallest site that Django can be (minimal_site.py) on the same PostgreSQL.

The web of supervisor.COMMANDS alone: workers and broker are not on the path of a label.
"""

import json
import os
import secrets
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import psycopg

from workers.embedded import embedded_services
from workers.processes import ROOT, Keeper, Program
from workers.supervisor import COMMANDS

WEB = COMMANDS["web"].removeprefix("gunicorn labeling_ui.wsgi ")
BEHIND = 600  # labels of each labeler before: some days of work
TICK = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Ground:
    """A durable PostgreSQL with two databases: ours, filled, and that of the minimal site."""

    folder: Path
    environment: dict[str, str]

    def connect(self):
        return psycopg.connect(self.environment["DATABASE_URL"], autocommit=True)

    def run(self, *arguments):
        """A module or command in the environment of the site; what it prints."""
        command = [sys.executable, *map(str, arguments)]
        return subprocess.run(
            command, cwd=ROOT, env=self.environment, check=True, capture_output=True, text=True
        ).stdout

    @contextmanager
    def ours(self, *, processes=2):
        with self._serving("labeling_ui.wsgi", "/healthz", processes) as served:
            yield served

    @contextmanager
    def minimal(self, *, processes=2):
        with self._serving("tests.benchmarks.minimal_site", "/row", processes) as served:
            yield served

    @contextmanager
    def _serving(self, application, known, processes):
        bind = f"127.0.0.1:{free_port()}"
        options = WEB.format(bind=bind).replace("--workers 2", f"--workers {processes}").split()
        path = str(Path(sys.executable).parent / "gunicorn")
        with Keeper(self.folder / "logs") as keeper:
            keeper.start(Program("web", (path, application, *options), self.environment))
            _wait(f"http://{bind}{known}", keeper)
            (master,) = [one.process.pid for one in keeper._children.values()]
            yield Served(bind, master, self)


@dataclass(frozen=True)
class Served:
    bind: str
    master: int
    ground: Ground

    def workers(self):
        return _children(self.master)

    def processor_seconds(self):
        """Of the web's processes, and of all of PostgreSQL's, until now."""
        server = int((self.ground.folder / "postgres" / "postmaster.pid").read_text().split("\n")[0])
        return sum(map(_spent, self.workers())), _spent(server, with_ended=True) + sum(map(_spent, _children(server)))


@contextmanager
def ground(folder, *, labelers, slots):
    """PostgreSQL on the folder, with a project of so many labelers for whom so many solutions wait."""
    folder.mkdir(exist_ok=True)
    folder.chmod(0o711)  # as root the services run as another user, who has to pass through
    with embedded_services(folder, durable=True) as urls:
        minimal = urlsplit(urls.database_url)._replace(path="/minimal").geturl()
        environment = os.environ | {
            "DJANGO_SETTINGS_MODULE": "annotation.settings",
            "DATABASE_URL": urls.database_url,
            "REDIS_URL": urls.redis_url,
            "MINIMAL_DATABASE_URL": minimal,
            "DATA_DIR": str(folder / "var"),
            "STATIC_ROOT": str(folder / "static"),
            "SECRET_KEY": secrets.token_urlsafe(64),
            "SECURE": "false",
        }
        made = Ground(folder, environment)
        with made.connect() as connection:
            connection.execute("CREATE DATABASE minimal")
        made.run("manage.py", "migrate", "--verbosity=0")
        made.run("manage.py", "collectstatic", "--noinput", "--verbosity=0")
        sessions = made.run("-m", "tests.benchmarks.label_queue", labelers, slots, BEHIND)
        plain = made.run("-m", "tests.benchmarks.minimal_site", labelers)
        environment |= {"OUR_SESSIONS": sessions, "MINIMAL_SESSIONS": plain}
        yield Ground(folder, environment)


def load(kind, served, *, labelers, seconds, processes=1, pause=0.0):
    """What so many labelers get done side by side, their clients in so many processes of their own.

    `pause` is from one label of a labeler to their next; 0: as fast as they are served.
    """
    sessions = json.loads(served.ground.environment["OUR_SESSIONS" if kind == "ours" else "MINIMAL_SESSIONS"])
    parts = [sessions[:labelers][number::processes] for number in range(processes)]
    jobs = [{"kind": kind, "bind": served.bind, "sessions": one, "seconds": seconds, "pause": pause} for one in parts]
    command = [sys.executable, "-m", "tests.benchmarks.label_clients"]
    before = served.processor_seconds()
    running = [
        subprocess.Popen([*command, json.dumps(job)], cwd=ROOT, stdout=subprocess.PIPE, text=True) for job in jobs
    ]
    told = [json.loads(one.communicate()[0]) for one in running]
    after = served.processor_seconds()
    web, database = (after[place] - before[place] for place in (0, 1))
    done = [one for part in told for one in part["done"]]
    claims = [one for part in told for one in part["claims"]]
    errors = [one for part in told for one in part["errors"]]
    return Load(done, claims, errors, seconds, web, database)


@dataclass(frozen=True)
class Load:
    done: list[float]  # ms of each answer within the time
    claims: list[float]
    errors: list[str]
    seconds: float
    web: float  # seconds of the processor
    database: float

    @property
    def rate(self):
        return len(self.done) / self.seconds

    @property
    def web_ms(self):
        """Of the web's processor, for each answer."""
        return 1000 * self.web / len(self.done)

    @property
    def database_ms(self):
        return 1000 * self.database / len(self.done)

    def percentile(self, share):
        return percentile(self.done, share)


def percentile(values, share):
    return sorted(values)[min(int(share * len(values)), len(values) - 1)]


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def _wait(url, keeper):
    for _ in range(600):
        try:
            urllib.request.urlopen(url, timeout=5).close()
            return
        except urllib.error.HTTPError:
            return  # it answers
        except OSError:
            keeper.require_alive()
            time.sleep(0.1)
    raise AssertionError(f"{url} does not answer")


def _children(pid):
    return [int(one) for one in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def _spent(pid, *, with_ended=False):
    """Seconds of the processor; with those of its children that have ended."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except FileNotFoundError:
        return 0.0  # it has just ended
    return sum(map(int, fields[11 : 15 if with_ended else 13])) / TICK
