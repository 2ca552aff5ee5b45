"""A local run is found from its data folder alone."""

import stat
import threading
from concurrent.futures import ThreadPoolExecutor

from annotation import local


def test_the_key_is_made_once_for_its_owner_only(tmp_path):
    data = tmp_path / "not" / "there yet"

    key = local.secret_key(data)

    assert len(key) > 50
    assert local.secret_key(data) == key
    assert stat.S_IMODE((data / "secret_key").stat().st_mode) == 0o600
    assert [path.name for path in data.iterdir()] == ["secret_key"]


def test_processes_that_start_together_read_one_whole_key(tmp_path):
    for attempt in range(30):
        barrier = threading.Barrier(8)

        def read(_, data=tmp_path / str(attempt), barrier=barrier):
            barrier.wait()
            return local.secret_key(data)

        with ThreadPoolExecutor(8) as pool:
            keys = set(pool.map(read, range(8)))

        assert len(keys) == 1
        assert len(keys.pop()) > 50


def test_two_data_folders_have_two_sets_of_sockets_with_short_paths(tmp_path):
    one, other = local.socket_dir(tmp_path / "a"), local.socket_dir(tmp_path / ("b" * 200))

    assert one != other
    assert all(len(f"{folder}/.s.PGSQL.5432.lock") < 108 for folder in (one, other))
