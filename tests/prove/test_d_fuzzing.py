"""D3: what a fuzzer that sees which lines of code it reaches finds in whatever reads the texts of strangers."""

import os
import re
import subprocess
import sys

import pytest

from tests.prove.damaged import SOUND
from workers.processes import ROOT

FILES = [line for lines in SOUND.values() for line in lines]
# What is known to be read, and where the fuzzer begins.
SEEDS = {
    "lines": [b"\n".join(FILES), *FILES],
    "records": SOUND["PRM800K"],
    "queries": [b"days=7&page=2", b"kind=hidden&page=1", b"from=2026-01-01&to=2026-02-01", b"size=5&wanted=x"],
    "maths": [rb"Take $\frac{1}{2}$ for $5, \[\left(x\right)\] and \begin{array}{cc}1&2\end{array} $$a$$ [asy]x[/asy]"],
    "planted": [b"x"],
}  # fmt: skip
RUNS = re.compile(r"^Done (\d+) runs|^#(\d+)\t", re.MULTILINE)


def fuzzed(folder, reader, seconds, seed):
    """The status of so many seconds, how often the reader was called, and what was said at the end."""
    corpus = folder / reader
    corpus.mkdir()
    for number, text in enumerate(SEEDS[reader]):
        (corpus / f"{number}").write_bytes(text)
    options = (f"-max_total_time={seconds}", f"-seed={seed}", f"-artifact_prefix={folder}/{reader}-", "-max_len=20000")
    command = [sys.executable, "-m", "tests.prove.fuzz", reader, *options, str(corpus)]
    done = subprocess.run(
        command, cwd=ROOT, env=os.environ, capture_output=True, text=True, check=False, timeout=seconds + 120
    )
    said = done.stdout + done.stderr
    calls = [int(one or other) for one, other in RUNS.findall(said)]
    return done.returncode, max(calls, default=0), said


@pytest.mark.figure(
    "D3",
    "fuzzing led by coverage: lines of files, PRM800K records, queries of the API, mathematics",
    "0 crashes",
)
def test_d3_no_reader_crashes(prove, tmp_path):
    pytest.importorskip("atheris", reason="no atheris here: it is for Linux on x86_64 and Python before 3.14")
    prove.luck()
    seconds = prove.count(short=10, full=600)
    readers = [reader for reader in SEEDS if reader != "planted"]

    found = {reader: fuzzed(tmp_path, reader, seconds, prove.seed) for reader in readers}

    crashed = {reader: said[-2000:] for reader, (status, _, said) in found.items() if status}
    calls = ", ".join(f"{reader} {found[reader][1]:,}" for reader in readers)
    prove.measured(f"{len(crashed)} of {len(readers)} readers crashed in {seconds} s each; calls: {calls}")
    assert crashed == {}
    assert min(calls for _, calls, _ in found.values()) > 100

    status, calls, said = fuzzed(tmp_path, "planted", 60, prove.seed)
    prove.control(f"a crash behind three letters: {'found' if status else 'missed'} after {calls:,} calls")
    assert status
    assert "planted" in said
