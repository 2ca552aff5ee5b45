import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

HERE = Path(__file__).parent
ROOT = HERE.parents[1]


def node():
    """The node of the system, or the one that set-up put beside Python where there is none."""
    found = shutil.which("node") or shutil.which("node", path=str(ROOT / ".venv" / "bin"))
    if found is None and os.environ.get("CI") == "true":
        pytest.fail("The scripts of the labeling page were not tested: no node here, and this is CI.")
    if found is None:
        pytest.skip("The scripts of the labeling page were not tested: no node here.")
    return found


def test_the_scripts_of_the_labeling_page_pass_their_own_tests():
    files = sorted(str(path) for path in HERE.glob("*.test.mjs"))

    run = subprocess.run([node(), "--test", *files], capture_output=True, text=True, timeout=120, check=False)

    assert run.returncode == 0, run.stdout[-5000:]
    assert int(re.search(r"^\S+ pass (\d+)$", run.stdout, re.MULTILINE)[1]) >= 80
