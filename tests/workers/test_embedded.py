import os
import shutil
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import psycopg
import pytest
import redis

from tests.workers.test_processes import is_running, wait_for
from workers.embedded import embedded_services
from workers.processes import StartFailed

pytestmark = pytest.mark.services

HOLDER = """
import sys, time
from pathlib import Path
from workers.embedded import embedded_services
with embedded_services(Path(sys.argv[1]), durable=True) as urls:
    print("running", flush=True)
    time.sleep(600)
"""


@pytest.fixture
def data():
    # Not tmp_path: its folders are closed to other users, which is a case of its own below.
    with tempfile.TemporaryDirectory(prefix="stepmark-") as folder:
        os.chmod(folder, 0o711)
        yield Path(folder) / "data"


def setting(url: str, name: str) -> str:
    with psycopg.connect(url) as connection:
        return connection.execute("SELECT current_setting(%s)", [name]).fetchone()[0]


def test_what_was_committed_is_there_at_the_second_start(data):
    with embedded_services(data, durable=True) as urls, psycopg.connect(urls.database_url) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 'é' AS word")
    with embedded_services(data, durable=True) as urls, psycopg.connect(urls.database_url) as connection:
        assert connection.execute("SELECT upper(word) FROM kept").fetchone() == ("É",)


@pytest.mark.parametrize(("durable", "expected"), [(True, "on"), (False, "off")])
def test_only_tests_run_without_durability(data, durable, expected):
    with embedded_services(data, durable=durable) as urls:
        for name in ("fsync", "full_page_writes", "synchronous_commit"):
            assert setting(urls.database_url, name) == expected


def test_the_broker_keeps_nothing_and_listens_on_no_port(data):
    with embedded_services(data, durable=True) as urls:
        path = urls.redis_url.removeprefix("redis+socket://").split("?")[0]
        client = redis.Redis(unix_socket_path=path, decode_responses=True)
        assert client.ping()
        assert client.config_get("port", "save", "appendonly") == {"port": "0", "save": "", "appendonly": "no"}
        assert setting(urls.database_url, "listen_addresses") == ""
        client.close()


def test_strangers_cannot_reach_the_sockets(data):
    with embedded_services(data, durable=True) as urls:
        folder = Path(setting(urls.database_url, "unix_socket_directories"))
        assert folder.stat().st_mode & 0o777 == 0o700


def test_a_socket_folder_that_others_may_enter_is_refused(data):
    (data / "sockets").mkdir(parents=True)
    (data / "sockets").chmod(0o777)
    with pytest.raises(StartFailed, match="only user"), embedded_services(data, durable=True):
        pass


def test_a_path_too_long_for_a_socket_is_no_hindrance(data):
    long = data / ("a folder with a very long name " * 3) / "and another"
    with embedded_services(long, durable=True) as urls:
        sockets = Path(setting(urls.database_url, "unix_socket_directories"))
        assert sockets.parent == Path("/tmp")
        assert Path(setting(urls.database_url, "data_directory")) == long / "postgres"
    shutil.rmtree(sockets)


def test_a_cluster_of_another_major_version_is_refused_in_words(data):
    (data / "postgres").mkdir(parents=True)
    (data / "postgres" / "PG_VERSION").write_text("12\n")
    with pytest.raises(StartFailed, match="was made by PostgreSQL 12"), embedded_services(data, durable=True):
        pass


def test_an_interrupted_first_start_is_begun_anew(data):
    (data / "postgres.unfinished" / "base").mkdir(parents=True)
    with embedded_services(data, durable=True) as urls:
        assert setting(urls.database_url, "data_checksums") == "on"


def test_killing_the_holder_leaves_no_server_and_loses_no_row(data):
    holder = subprocess.Popen([sys.executable, "-c", HOLDER, str(data)], stdout=subprocess.PIPE, text=True)
    assert holder.stdout.readline() == "running\n"
    listing = subprocess.run(["ps", "-o", "pid=", "--ppid", str(holder.pid)], capture_output=True, text=True).stdout
    servers = [int(pid) for pid in listing.split()]
    assert len(servers) == 2
    connection = psycopg.connect(host=str(data / "sockets"), user="stepmark", dbname="stepmark", autocommit=True)
    connection.execute("CREATE TABLE kept AS SELECT 1 AS one")

    holder.send_signal(signal.SIGKILL)
    holder.communicate()

    # At once, while the old servers may still be ending.
    with embedded_services(data, durable=True) as urls, psycopg.connect(urls.database_url) as after:
        assert after.execute("SELECT one FROM kept").fetchone() == (1,)
    wait_for(lambda: not any(is_running(pid) for pid in servers))
    connection.close()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root has to give PostgreSQL another user")
def test_root_runs_the_servers_as_a_user_without_rights(data):
    with embedded_services(data, durable=True):
        client = redis.Redis(unix_socket_path=str(data / "sockets" / "valkey.sock"))
        servers = [client.info()["process_id"], (data / "postgres" / "postmaster.pid").read_text().split()[0]]
        for pid in servers:
            status = Path(f"/proc/{pid}/status").read_text()
            assert "Uid:\t0" not in status
            assert int(status.split("CapPrm:")[1].split()[0], 16) == 0
        client.close()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root has to give PostgreSQL another user")
def test_a_project_behind_roots_closed_door_works_too(data):
    data.parent.chmod(0o700)
    with embedded_services(data, durable=True) as urls, psycopg.connect(urls.database_url) as connection:
        pid = connection.info.backend_pid
        rights = Path(f"/proc/{pid}/status").read_text()
        # The one right that lets it through the door, and no other.
        assert bin(int(rights.split("CapEff:")[1].split()[0], 16)).count("1") == 1
