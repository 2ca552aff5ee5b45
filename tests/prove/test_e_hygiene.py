"""E4: the scanners of `make scan`. Each also gets something planted that it must find; else its silence says nothing."""

import pytest

from tests.architecture.test_budgets import tracked
from tests.prove import scans

# In pieces, so that this file is none of the files it is about.
FAKE_KEY = "AKIA" + "IOSFODNN7EXAMPLQ"
FAKE_PASSWORD = "pass" + 'word = "correct-horse-battery-9"'


@pytest.mark.figure("E4.1", "bandit over the four packages", "nothing of medium severity or more")
def test_nothing_dangerous_is_in_the_code(prove, tmp_path):
    found = scans.dangerous_code(*scans.OURS)
    prove.measured(f"{len(found)} found")
    assert found == []

    (tmp_path / "planted.py").write_text("import pickle\n\n\ndef read(text):\n    return pickle.loads(text)\n")
    planted = scans.dangerous_code(tmp_path)
    prove.control(f"a planted pickle.loads: {len(planted)} found")
    assert [one.rsplit(" ", 1)[1] for one in planted] == ["B301"]


@pytest.mark.figure("E4.2", "pip-audit over constraints.txt", "no known vulnerability")
def test_no_package_has_a_known_vulnerability(prove, tmp_path):
    old = tmp_path / "requirements.txt"
    old.write_text("django==4.2.0\n")
    try:
        planted = scans.vulnerable_packages(old)
    except scans.NotAsked as reason:
        pytest.skip(f"The list of known vulnerabilities was not reached: {reason}")
    prove.control(f"django==4.2.0: {len(planted)} found")
    assert planted

    found = scans.vulnerable_packages(scans.ROOT / "constraints.txt")
    prove.measured(f"{len(found)} of {len(scans.pinned())} packages")
    assert found == []


@pytest.mark.figure("E4.3", "detect-secrets over all files of the project", "no key and no password")
def test_no_secret_is_written_down(prove, tmp_path):
    files = [name for name in tracked() if not name.endswith((".png", ".pt", ".safetensors", ".woff2", ".po"))]
    found = scans.written_secrets(files)
    prove.measured(f"{len(found)} in {len(files)} files")
    assert len(files) > 500
    assert found == []

    (tmp_path / "tests").mkdir()
    for name in ("tests/planted.py", "planted.py"):
        (tmp_path / name).write_text(f'KEY = "{FAKE_KEY}"\n{FAKE_PASSWORD}\n')
    planted = scans.written_secrets(["tests/planted.py", "planted.py"], root=tmp_path)
    prove.control(f"a planted key of a cloud, and a password: {len(planted)} found")
    assert planted == [
        "tests/planted.py:1 AWS Access Key",
        "planted.py:1 AWS Access Key",
        "planted.py:2 Secret Keyword",
    ]


@pytest.mark.figure("E4.4", "the bill of materials (make sbom)", "each pinned package in its version")
def test_the_bill_of_materials_has_every_package(prove, tmp_path):
    bill, pins = scans.bill_of_materials(tmp_path / "sbom.json"), scans.pinned()
    # Pins that this system has no use for (of Windows, of another Python, of the npm that is there) are not installed.
    missing = sorted(name for name, version in pins.items() if name in bill and bill[name] != version)
    unpinned = sorted(set(bill) - set(pins) - {"pip", "setuptools", "wheel"})
    prove.measured(f"{len(bill)} packages; {len(missing)} of another version, {len(unpinned)} without a pin")
    assert len(bill) > 100
    assert missing == unpinned == []

    planted = {name for name in bill if name not in dict(list(pins.items())[1:])}
    prove.control(f"a pin taken away: {len(planted & set(pins))} found")
    assert planted & set(pins) == {next(iter(pins))}
