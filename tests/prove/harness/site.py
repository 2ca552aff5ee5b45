"""A real Stepmark of its own: durable PostgreSQL, Valkey, gunicorn as in production; what dies is started again at once."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import psycopg
import redis

from annotation import local
from workers import embedded
from workers.processes import ROOT, Keeper, Program, signal_group
from workers.supervisor import COMMANDS, wait_until_ready

APP = "labeling_ui.wsgi"
SLUG = "prove"


class Impatient(Keeper):
    """Starts at once what a test has killed, however often: a supervisor's patience is not what is measured."""

    def __init__(self, *arguments, **options):
        super().__init__(*arguments, **options)
        self.pauses = {}  # seconds, by name

    def _plan_restart(self, child, now):
        signal_group(child.process, signal.SIGKILL)
        child.restart_at = now + self.pauses.get(child.program.name, 0.0)

    def pid(self, name):
        return self._children[name].process.pid

    def is_alive(self, name):
        return self._children[name].process.poll() is None

    def end(self, name):
        child = self._children.pop(name)
        signal_group(child.process, signal.SIGKILL)
        child.process.wait()


class Site:
    """Call its methods from the main thread: what a process leaves to the kernel is bound to the thread that forked."""

    def __init__(self, folder, services, programs, code):
        self.folder, self.services, self.programs = folder, services, programs
        self.code = code  # the folder of the version that runs from now on
        self.port = _free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.sockets = local.socket_dir(folder)
        self.database_url = local.database_url(folder)
        self.cookies = []
        self.environment = os.environ | {
            "DATA_DIR": str(folder),
            "STATIC_ROOT": os.environ["STATIC_ROOT"],
            "DATABASE_URL": self.database_url,
            "REDIS_URL": local.redis_url(folder),
            "SECURE": "false",
            "ALLOWED_HOSTS": "127.0.0.1",
            "PYTHONUNBUFFERED": "1",
            "OMP_NUM_THREADS": "1",
        }

    def web(self, app=APP, **environment):
        """Serve this application from now on, in place of what was served before."""
        if "web" in self.programs._children:
            self.programs.end("web")
        command = self._web_command().replace(APP, app).format(bind=f"127.0.0.1:{self.port}").split()
        command += ["--chdir", str(self.code)]
        self.start("web", str(Path(sys.executable).parent / command[0]), *command[1:], **environment)
        wait_until_ready(self.programs, f"{self.url}/readyz")

    def _web_command(self):
        if self.code == ROOT:
            return COMMANDS["web"]
        return self.run("-c", "from workers.supervisor import COMMANDS; print(COMMANDS['web'])").strip()

    def start(self, name, *command, **environment):
        self.programs.start(Program(name, command, self.environment | environment))

    def tend(self, seconds=0.0):
        """Start again what has died, for that long."""
        until = time.monotonic() + seconds
        while True:
            self.services.revive()
            self.programs.revive()
            if time.monotonic() >= until:
                return
            time.sleep(0.02)

    def tend_until(self, condition, seconds=60.0):
        """Returns how long it took. Raises TimeoutError."""
        began = time.monotonic()
        while not condition():
            if time.monotonic() > began + seconds:
                raise TimeoutError(f"not within {seconds:.0f} s")
            self.tend(0.02)
        return time.monotonic() - began

    def fill(self, solutions, labelers=32):
        told = self.run("-m", "tests.prove.harness.seed", SLUG, solutions, labelers)
        self.cookies = json.loads(told.splitlines()[-1]) or self.cookies

    def sign_in_lead(self):
        """The cookie of one."""
        return json.loads(self.run("-m", "tests.prove.harness.seed", SLUG, "lead").splitlines()[-1])

    def run(self, *arguments):
        command = [sys.executable, *map(str, arguments)]
        done = subprocess.run(command, cwd=self.code, env=self.environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, f"{arguments}: {done.stdout[-2000:]}{done.stderr[-2000:]}"
        return done.stdout

    def rows(self, query, *values):
        """What PostgreSQL itself holds, past all of our code."""
        with psycopg.connect(self.database_url, connect_timeout=5) as connection:
            return connection.execute(query, values).fetchall()

    def execute(self, statement, *values):
        with psycopg.connect(self.database_url, autocommit=True) as connection:
            return connection.execute(statement, values).rowcount

    # What is done to it ----------------------------------------------------------------------------------------------

    def kill_a_web_worker(self, luck):
        if workers := _children(self.programs.pid("web")):
            _kill(luck.choice(sorted(workers)))

    def reload_the_web(self):
        os.kill(self.programs.pid("web"), signal.SIGHUP)

    def stop_the_web(self):
        """Politely; returns the seconds that it took."""
        process, began = self.programs._children["web"].process, time.monotonic()
        process.terminate()
        process.wait(60)
        return time.monotonic() - began

    def kill_the_web(self):
        signal_group(self.programs._children["web"].process, signal.SIGKILL)

    def kill_the_database(self):
        """The server and its backends, which have left its process group, as a power cut would."""
        server = self.services.pid("postgres")
        for pid in [server, *_children(server)]:
            _kill(pid)

    @contextmanager
    def deaf_database(self):
        """The server and its backends take what they are sent and do nothing."""
        server = self.services.pid("postgres")
        deaf = [server, *_children(server)]
        for pid in deaf:
            _signal(pid, signal.SIGSTOP)
        try:
            yield
        finally:
            for pid in deaf:
                _signal(pid, signal.SIGCONT)

    def kill_the_broker(self):
        _kill(self.services.pid("valkey"))

    def empty_the_broker(self):
        path = self.environment["REDIS_URL"].removeprefix("redis+socket://").partition("?")[0]
        with suppress(redis.RedisError):
            redis.Redis(unix_socket_path=path).flushall()

    def kill_everything(self):
        for kill in (self.kill_the_web, self.kill_the_broker, self.kill_the_database):
            kill()

    def end_connections(self, luck, most=3):
        """pg_terminate_backend on some that serve the web."""
        found = self.rows("SELECT pid FROM pg_stat_activity WHERE datname = 'stepmark' AND pid <> pg_backend_pid()")
        chosen = luck.sample(sorted(found), min(most, len(found)))
        for (pid,) in chosen:
            self.rows("SELECT pg_terminate_backend(%s)", pid)
        return len(chosen)

    def database_answers(self):
        with suppress(psycopg.Error):
            return self.rows("SELECT 1") == [(1,)]
        return False


@contextmanager
def running(folder, code=ROOT):
    """Migrated and without a web yet."""
    with ExitStack() as stack:
        services = stack.enter_context(
            Impatient(folder / "logs", run_as=embedded.account_for(folder), say=lambda _: None)
        )
        embedded.start_services(services, folder, durable=True)
        programs = stack.enter_context(Impatient(folder / "logs", say=lambda _: None))
        site = Site(folder, services, programs, code)
        site.run("manage.py", "migrate", "--noinput", "--verbosity=0")
        yield site


def _children(pid):
    found = set()
    for task in os.listdir(f"/proc/{pid}/task"):
        with suppress(FileNotFoundError), open(f"/proc/{pid}/task/{task}/children") as source:
            found |= {int(child) for child in source.read().split()}
    return found


def _kill(pid):
    _signal(pid, signal.SIGKILL)


def _signal(pid, number):
    with suppress(ProcessLookupError):
        os.kill(pid, number)


def _free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
