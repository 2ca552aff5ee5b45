"""What a newcomer sees while packages are installed."""

import os
import pty
import subprocess
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "requirements" / "install.sh"
PIP = """#!/bin/sh
echo "Collecting torch==2.13.0"
echo "  Downloading torch-2.13.0-cp311-cp311-linux_x86_64.whl (888.1 MB)"
echo "Using cached numpy-2.0.0.whl (16.4 MB)"
echo "Downloading six-1.17.0-py2.py3-none-any.whl (11 kB)"
echo "Downloading regex-1.0.whl (1.2 MB)"
echo "Requirement already satisfied: pip in ./lib"
echo "Installing collected packages: torch, numpy, six"
echo "a warning" >&2
exit $STATUS
"""


@pytest.fixture
def pip(tmp_path):
    path = tmp_path / "pip"
    path.write_text(PIP)
    path.chmod(0o755)
    return path


@pytest.mark.parametrize("status", [0, 3])
def test_a_log_names_what_is_large_and_keeps_the_status_of_pip(pip, status):
    env = os.environ | {"STATUS": str(status)}

    ended = subprocess.run([SCRIPT, pip, "install"], env=env, capture_output=True, text=True)

    assert ended.stdout.splitlines() == [
        "  Downloading torch-2.13.0-cp311-cp311-linux_x86_64.whl (888.1 MB)",
        "  Using cached numpy-2.0.0.whl (16.4 MB)",
        "  Installing 3 packages",
    ]
    assert (ended.returncode, ended.stderr) == (status, "a warning\n")


def test_a_terminal_sees_all_that_pip_says(pip):
    ours, theirs = pty.openpty()

    ended = subprocess.run([SCRIPT, pip, "install"], env=os.environ | {"STATUS": "3"}, stdout=theirs, stderr=theirs)

    os.close(theirs)
    told = os.read(ours, 10_000).decode()
    os.close(ours)
    assert ended.returncode == 3
    assert len(told.splitlines()) == 8
