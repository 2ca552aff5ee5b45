"""The real command, as a person starts it: everything it runs, and what is left when it ends."""

import contextlib
import os
import secrets
import signal
import socket
import subprocess
import sys
import tempfile
import urllib.request
from dataclasses import dataclass, field
from pathlib import Path

import psutil
import psycopg
import pytest

from tests import services
from tests.workers.test_processes import wait_for

pytestmark = [pytest.mark.services, pytest.mark.slow]

ROOT = Path(__file__).parents[2]
START_SECONDS = 120
STOP_SECONDS = 60


@dataclass
class Up:
    process: subprocess.Popen
    data: Path
    port: int
    said: list[str] = field(default_factory=list)

    def wait_until_said(self, text: str) -> None:
        for line in self.process.stdout:
            self.said.append(line)
            if text in line:
                return
        pytest.fail("".join(self.said))

    def tree(self) -> list[psutil.Process]:
        return psutil.Process(self.process.pid).children(recursive=True)

    def child(self, command: str) -> psutil.Process | None:
        """Its direct child with this in the command line."""
        return next((one for one in psutil.Process(self.process.pid).children() if command in line_of(one)), None)

    def end(self, number: signal.Signals) -> int:
        self.process.send_signal(number)
        self.said += self.process.communicate(timeout=STOP_SECONDS)[0].splitlines(keepends=True)
        return self.process.returncode


def line_of(process: psutil.Process) -> str:
    """The command line of a process, empty once it has ended."""
    with contextlib.suppress(psutil.NoSuchProcess):
        return " ".join(process.cmdline())
    return ""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def page(up: Up, path: str) -> bytes:
    with urllib.request.urlopen(f"http://127.0.0.1:{up.port}{path}", timeout=10) as answer:
        return answer.read()


def command(data: Path, port: int) -> list[str]:
    return [sys.executable, "manage.py", "up", "--data", str(data), "--port", str(port)]


def clean_environment(**given: str) -> dict[str, str]:
    ours = {
        "DATABASE_URL",
        "DATABASE_POOL_SIZE",
        "REDIS_URL",
        "SECRET_KEY",
        "DATA_DIR",
        "SECURE",
        "STATIC_ROOT",
        "DJANGO_SETTINGS_MODULE",
    }
    return {name: value for name, value in os.environ.items() if name not in ours} | given


@contextlib.contextmanager
def running(data: Path, **environment: str):
    port = free_port()
    process = subprocess.Popen(
        command(data, port),
        cwd=ROOT,
        env=clean_environment(**environment),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        up = Up(process, data, port)
        up.wait_until_said("is ready")
        yield up
    finally:
        process.kill()
        process.communicate()


@pytest.fixture
def data():
    # Not tmp_path, which is closed to the user that root gives to PostgreSQL; and with a space, which people use.
    with tempfile.TemporaryDirectory(prefix="stepmark up ") as folder:
        os.chmod(folder, 0o711)
        yield Path(folder)


def left_of(processes: list[psutil.Process]) -> list[str]:
    """The command lines of those that still run; a zombie has none."""
    return [line for one in processes if one.is_running() and (line := line_of(one))]


def run_refused(data: Path, port: int) -> str:
    done = subprocess.run(
        command(data, port), cwd=ROOT, env=clean_environment(), capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 1
    return done.stderr


def wait_for_workers(up: Up) -> None:
    for part, children in (("gunicorn", 2), ("-Q default", 4), ("-Q bulk", 2), ("-Q gpu", 1), ("beat", 0)):
        wait_for(lambda part=part, children=children: count_children(up.child(part)) == children, 60)


def count_children(process: psutil.Process | None) -> int | None:
    with contextlib.suppress(psutil.NoSuchProcess):
        return len(process.children()) if process else None
    return None


def log(up: Up, name: str) -> str:
    path = up.data / "logs" / f"{name}.log"
    return path.read_text() if path.exists() else ""


@pytest.mark.proof
def test_one_interrupt_stops_all_and_the_next_start_finds_everything_again(data):
    with running(data) as up:
        assert page(up, "/readyz") == b"ready\n"
        wait_for_workers(up)
        tree = up.tree()
        commands = " ".join(line_of(one) for one in tree)
        for part in ("postgres", "valkey-server", "gunicorn", "-Q default", "-Q bulk", "-Q gpu", "beat"):
            assert part in commands
        with psycopg.connect(host=str(data / "sockets"), user="stepmark", dbname="stepmark") as connection:
            connection.execute("CREATE TABLE kept AS SELECT 1 AS one")
        key = (data / "secret_key").read_text()
        assert (data / "secret_key").stat().st_mode & 0o777 == 0o600

        assert run_refused(data, free_port()).startswith(f"CommandError: Stepmark already runs on {data}")

        assert up.end(signal.SIGINT) == 0
        assert left_of(tree) == []
        assert "killed" not in "".join(up.said)
        assert "database system is shut down" in log(up, "postgres")
        for name in ("web", "worker", "bulk-worker", "gpu-worker", "beat"):
            assert "Traceback" not in log(up, name)

    with running(data) as up:
        assert (data / "secret_key").read_text() == key
        with psycopg.connect(host=str(data / "sockets"), user="stepmark", dbname="stepmark") as connection:
            assert connection.execute("SELECT one FROM kept").fetchone() == (1,)
        tree = up.tree()
        assert up.end(signal.SIGTERM) == 0
        assert left_of(tree) == []


@pytest.mark.proof
def test_what_dies_comes_back_and_a_kill_without_warning_leaves_no_orphan(data):
    with running(data) as up:
        wait_for_workers(up)

        for part in ("gunicorn", "valkey-server", "bin/postgres"):
            up.child(part).kill()
        up.wait_until_said("postgres was killed by SIGKILL; starting it again")
        wait_for(lambda: {"gunicorn", "valkey-server", "bin/postgres"} <= living(up), 30)
        wait_for(lambda: answers(up), 30)

        tree = up.tree()
        # Pool children of Celery, workers of gunicorn and backends of PostgreSQL are grandchildren.
        assert len(tree) > len(psutil.Process(up.process.pid).children()) + 5
        up.end(signal.SIGKILL)
        wait_for(lambda: left_of(tree) == [], 10)


def living(up: Up) -> set[str]:
    return {part for part in ("gunicorn", "valkey-server", "bin/postgres") if up.child(part)}


def answers(up: Up) -> bool:
    with contextlib.suppress(OSError):
        return page(up, "/readyz") == b"ready\n"
    return False


@pytest.mark.proof
def test_given_addresses_are_used_and_nothing_embedded_is_started(data):
    name = "supervisor_test"
    server = os.environ["DATABASE_URL"]
    given = services.address_of(name)
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"DROP DATABASE IF EXISTS {name}")
        connection.execute(f"CREATE DATABASE {name}")
        try:
            with running(
                data, DATABASE_URL=given, REDIS_URL=os.environ["REDIS_URL"], SECRET_KEY=secrets.token_urlsafe(64)
            ) as up:
                assert answers(up)
                assert living(up) == {"gunicorn"}
                assert not (data / "postgres").exists()
                with psycopg.connect(given) as ours:
                    assert ours.execute("SELECT count(*) > 0 FROM django_migrations").fetchone() == (True,)
                assert up.end(signal.SIGINT) == 0
        finally:
            connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


def test_a_taken_port_is_refused_before_anything_starts(data):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        assert run_refused(data, port).startswith(f"CommandError: Port {port} is not free")
    assert not (data / "postgres").exists()


def test_one_address_without_the_other_is_refused(data):
    done = subprocess.run(
        command(data, free_port()),
        cwd=ROOT,
        env=clean_environment(REDIS_URL="redis://127.0.0.1:1/0"),
        capture_output=True,
        text=True,
    )
    assert (
        done.stderr == "CommandError: Set both DATABASE_URL and REDIS_URL, or neither to run the embedded services.\n"
    )
