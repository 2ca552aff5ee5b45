"""One command that runs everything on one machine, keeps it running, and leaves nothing behind."""

import contextlib
import fcntl
import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import psycopg
from django.contrib.staticfiles.finders import get_finders

from annotation import local
from workers.embedded import account_for, start_services
from workers.processes import ROOT, Keeper, Program, StartFailed, tail

# What runs, here and in docker-compose.yml (a test compares the two). `{bind}` is where the web listens.
COMMANDS = {
    "migrate": "python manage.py migrate --noinput",
    "web": "gunicorn labeling_ui.wsgi --worker-class labeling_ui.threads.Threads --workers 2 --threads 8 --bind {bind} --no-control-socket",
    "worker": "celery -A workers.celery worker -Q default -c 4 -n default@%h --without-gossip --without-mingle",
    "bulk-worker": "celery -A workers.celery worker -Q bulk -c 2 -n bulk@%h --without-gossip --without-mingle",
    "gpu-worker": "celery -A workers.celery worker -Q gpu -c 1 -n gpu@%h --without-gossip --without-mingle",
    # The schedule lives in memory: a file would only be one more thing that a power cut can spoil.
    "beat": "celery -A workers.celery beat --scheduler celery.beat:Scheduler --pidfile=",
}
# In this order they start, the web before all others, and in this order they are told to stop.
KEPT = ("web", "worker", "bulk-worker", "gpu-worker", "beat")
DECIDING_FILES = (
    ROOT / "annotation" / "settings.py",
    ROOT / "labeling_ui" / "storage.py",
)  # names and hashes of static files
READY_SECONDS = 120.0
LOOK_SECONDS = 0.5

Say = Callable[[str], None]


def run(*, data: Path, port: int, demo: bool, say: Say) -> None:
    """Run Stepmark on the folder until SIGINT, SIGTERM or SIGHUP. Raises StartFailed."""
    data.mkdir(parents=True, exist_ok=True)
    data = data.resolve()
    with contextlib.suppress(KeyboardInterrupt), _one_interrupt(), alone_on(data), contextlib.ExitStack() as stack:
        _refuse_a_taken_port(port)
        started = time.monotonic()
        services = stack.enter_context(Keeper(data / "logs", run_as=account_for(data), say=say))
        with _stage("PostgreSQL and Valkey", say):
            environment = _environment(data) | _addresses(services, data)
        keeper = stack.enter_context(Keeper(data / "logs", say=say))
        with _stage("tables and static files", say):
            _prepare(keeper, environment)
        accounts = []
        if demo:
            with _stage("sample project", say):
                accounts = _seed_demo(environment, log=keeper.log("seed_demo"))
        with _stage("web", say):
            local.say_address(data, f"http://127.0.0.1:{port}")
            keeper.start(_program("web", environment, bind=f"127.0.0.1:{port}"))
            wait_until_ready(keeper, f"http://127.0.0.1:{port}/readyz")
        for name in KEPT[1:]:  # not before: on a small machine they would only slow the first page down
            keeper.start(_program(name, environment))
        say(_address_block(port, accounts, logs=data / "logs", seconds=time.monotonic() - started))
        stack.callback(say, "Stopping…")
        while True:
            services.revive()
            keeper.revive()
            time.sleep(LOOK_SECONDS)


@contextlib.contextmanager
def _one_interrupt() -> Iterator[None]:
    """Turn the first signal that asks us to end into KeyboardInterrupt, and ignore further ones while we stop."""
    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

    def interrupt(*_: object) -> None:
        for number in numbers:
            signal.signal(number, signal.SIG_IGN)
        raise KeyboardInterrupt

    before = {number: signal.signal(number, interrupt) for number in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextlib.contextmanager
def alone_on(data: Path) -> Iterator[None]:
    """Hold the folder's lock, which the kernel takes back however we end."""
    with (data / "lock").open("a+") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.seek(0)
            raise StartFailed(
                f"Stepmark already runs on {data} (process {lock.read().strip()}). "
                'Stop it first, or run another one beside it: make run PORT=8001 ARGS="--data DIR".'
            ) from None
        lock.truncate(0)
        lock.write(str(os.getpid()))
        lock.flush()
        yield


def _refuse_a_taken_port(port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as reason:
            raise StartFailed(
                f"Port {port} is not free ({reason.strerror}). Choose another one: make run PORT=8001."
            ) from reason


@contextlib.contextmanager
def _stage(title: str, say: Say) -> Iterator[None]:
    started = time.monotonic()
    yield
    say(f"  {title + ' ':.<32} {time.monotonic() - started:5.1f} s")


def _environment(data: Path) -> dict[str, str]:
    # Plain http is right on 127.0.0.1, where nothing crosses a wire.
    return {"SECURE": "false", **os.environ, "DATA_DIR": str(data), "PYTHONUNBUFFERED": "1"}


def _addresses(services: Keeper, data: Path) -> dict[str, str]:
    """The addresses from the environment, made sure of; none for embedded services, which the data folder tells."""
    given = {name: os.environ.get(name, "") for name in ("DATABASE_URL", "REDIS_URL")}
    if not any(given.values()):
        start_services(services, data, durable=True)
        return {}
    if not all(given.values()):
        raise StartFailed("Set both DATABASE_URL and REDIS_URL, or neither to run the embedded services.")
    try:
        psycopg.connect(given["DATABASE_URL"], connect_timeout=5).close()
    except psycopg.Error as reason:
        raise StartFailed(f"The PostgreSQL of DATABASE_URL does not answer: {reason}") from reason
    return given


def _program(name: str, environment: Mapping[str, str], *, bind: str = "") -> Program:
    executable, *arguments = COMMANDS[name].format(bind=bind).split()
    path = sys.executable if executable == "python" else str(Path(sys.executable).parent / executable)
    return Program(name, (path, *arguments), environment)


def _prepare(keeper: Keeper, environment: Mapping[str, str]) -> None:
    # Side by side: one waits for the database, the other for the disk.
    keeper.start(_program("migrate", environment))
    if not _is_collected(Path(environment.get("STATIC_ROOT") or Path(environment["DATA_DIR"]) / "static")):
        command = (sys.executable, "manage.py", "collectstatic", "--noinput", "--verbosity=0")
        keeper.start(Program("collectstatic", command, environment))
        keeper.finish("collectstatic")
    keeper.finish("migrate")


def _is_collected(static: Path) -> bool:
    """Whether the collected static files are newer than all that they come from."""
    with contextlib.suppress(FileNotFoundError):
        collected_at = (static / "staticfiles.json").stat().st_mtime
        sources = [storage.path(name) for finder in get_finders() for name, storage in finder.list([])]
        return all(os.stat(path).st_mtime < collected_at for path in [*sources, *DECIDING_FILES])
    return False


def _seed_demo(environment: Mapping[str, str], *, log: Path) -> list[dict[str, str]]:
    """Make the sample project; gives its accounts: role, username, password."""
    with log.open("ab") as errors:
        # By force: whoever asks for the sample on a database of their own shall have it.
        command = (sys.executable, "manage.py", "seed_demo", "--json", "--force")
        done = subprocess.run(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=errors, check=False)
    if done.returncode != 0:
        raise StartFailed(f"The sample project was not made. The end of {log}:\n{tail(log, lines=6)}")
    return [json.loads(line) for line in done.stdout.splitlines()]


def wait_until_ready(keeper: Keeper, url: str) -> None:
    deadline = time.monotonic() + READY_SECONDS
    while True:
        try:
            with urllib.request.urlopen(url, timeout=5):  # nosec B310 # our own address
                return
        except (urllib.error.URLError, ConnectionError, TimeoutError) as reason:
            keeper.require_alive()
            if time.monotonic() > deadline:
                raise StartFailed(f"{url} is not ready after {READY_SECONDS:.0f} s: {reason}") from reason
            time.sleep(0.1)


def _address_block(port: int, accounts: list[dict[str, str]], *, logs: Path, seconds: float) -> str:
    lines = ["", f"Stepmark is ready after {seconds:.1f} s: http://127.0.0.1:{port}/", ""]
    lines += [f"  {one['role']:<10} {one['username']:<20} password {one['password']}" for one in accounts]
    return "\n".join([*lines, *([""] if accounts else []), f"Logs: {logs}   Stop: Ctrl-C", ""])
