import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from workers.processes import Keeper, Program, StartFailed

# A supervisor in small: one child with a death signal, then it waits to be killed.
STARTER = """
import sys, time
from pathlib import Path
from workers.processes import Keeper, Program
with Keeper(Path(sys.argv[1])) as keeper:
    keeper.start(Program("child", ("sleep", "600")))
    print(next(iter(keeper._children.values())).process.pid, flush=True)
    time.sleep(600)
"""


def shell(script: str, **options) -> Program:
    return Program("child", ("sh", "-c", script), **options)


def wait_for(condition, seconds=10.0):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.02)


def is_running(pid: int) -> bool:
    try:
        return "\nState:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    except FileNotFoundError:
        return False


def test_a_child_ends_when_its_starter_is_killed_without_warning(tmp_path):
    starter = subprocess.Popen([sys.executable, "-c", STARTER, str(tmp_path)], stdout=subprocess.PIPE, text=True)
    child = int(starter.stdout.readline())
    assert is_running(child)

    starter.kill()
    starter.communicate()

    wait_for(lambda: not is_running(child))


def test_a_program_that_dies_is_started_again_and_its_last_words_are_shown(tmp_path):
    said = []
    with Keeper(tmp_path, say=said.append) as keeper:
        keeper.start(shell("echo no paper left; exit 3"))

        def twice():
            keeper.revive()
            return keeper.log("child").read_text().count("no paper left") == 2

        wait_for(twice)
    assert "exit status 3" in said[0]
    assert "no paper left" in said[1]


def test_a_program_that_keeps_dying_is_given_more_time_each_round(tmp_path):
    said = []
    with Keeper(tmp_path, say=said.append) as keeper:
        keeper.start(shell("exit 1"))

        def thrice():
            keeper.revive()
            return len([line for line in said if "starting it again" in line]) == 3

        wait_for(thrice)
    assert [line.split(" in ")[1][:3] for line in said if "starting it again" in line] == ["1 s", "2 s", "4 s"]


def test_a_program_deaf_to_the_polite_signal_is_killed_with_its_children(tmp_path):
    said = []
    with Keeper(tmp_path, say=said.append) as keeper:
        keeper.start(shell("trap '' TERM; sleep 600 & echo $!; echo ready; wait", patience_seconds=0.2))
        wait_for(lambda: "ready" in keeper.log("child").read_text())
        grandchild = int(keeper.log("child").read_text().split()[0])
        assert is_running(grandchild)
    wait_for(lambda: not is_running(grandchild))
    assert "child did not stop" in said[0]


def test_programs_are_told_to_stop_in_the_order_of_their_start(tmp_path):
    order = tmp_path / "order"
    script = "trap 'echo {0} >> {1}; exit' TERM; echo ready; while :; do sleep 0.05; done"
    with Keeper(tmp_path / "logs") as keeper:
        for name in ("first", "second", "third"):
            keeper.start(Program(name, ("sh", "-c", script.format(name, order))))
            wait_for(lambda name=name: "ready" in keeper.log(name).read_text())
        told = []
        for child in keeper._children.values():
            child.process.send_signal = lambda number, child=child: (
                told.append(child.program.name),
                os.kill(child.process.pid, number),
            )
    assert told == ["first", "second", "third"]
    assert sorted(order.read_text().split()) == ["first", "second", "third"]


def test_a_step_that_fails_says_how_it_ended_and_where_to_read_more(tmp_path):
    with Keeper(tmp_path) as keeper:
        keeper.start(shell("echo the table is missing; exit 4"))
        with pytest.raises(
            StartFailed, match=r"(?s)child ended with exit status 4.*child\.log:\n    the table is missing"
        ):
            keeper.finish("child")


def test_a_program_that_was_killed_is_reported_by_the_name_of_the_signal(tmp_path):
    with Keeper(tmp_path) as keeper:
        keeper.start(shell("kill -SEGV $$"))
        with pytest.raises(StartFailed, match="was killed by SIGSEGV"):
            keeper.finish("child")


def test_a_long_log_is_set_aside_at_the_next_start(tmp_path, monkeypatch):
    monkeypatch.setattr("workers.processes.LOG_BYTES", 10)
    (tmp_path / "child.log").write_text("more than ten bytes\n")
    with Keeper(tmp_path) as keeper:
        keeper.start(shell("echo new"))
        keeper.finish("child")
        assert keeper.log("child").read_text() == "new\n"
    assert (tmp_path / "child.log.1").read_text() == "more than ten bytes\n"


def test_children_do_not_hear_the_terminals_interrupt(tmp_path):
    with Keeper(tmp_path) as keeper:
        keeper.start(shell("sleep 600"))
        child = next(iter(keeper._children.values())).process
        assert os.getpgid(child.pid) != os.getpgid(0)
        child.send_signal(signal.SIGKILL)
