"""`make prove`: tests that measure a promise, and end in one table.

A test here says by its mark what it proves, and by the fixture what it measured:

    @pytest.mark.figure("A1", "kill -9 of a web worker, 32 labelers", "0 acknowledged lost, none twice")
    def test_a_killed_web_worker_loses_nothing(prove):
        kills = prove.count(short=10, full=100)
        ...
        prove.measured(f"{lost} lost, {twice} twice of {acknowledged}")
        assert lost == twice == 0
        ...  # the same against a system with a planted fault
        prove.control(f"a new id for each attempt: {planted} twice")
        assert planted > 0
"""

import random
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.browser.conftest import chromium  # noqa: F401 - one for all: a second Playwright in this thread would not start
from tests.prove import figures
from tests.prove.harness import site

SEED = 20261126
SOLUTIONS = 12_000  # in the queue of a proof; it uses less than ENOUGH, and for full counts as many times that
ENOUGH = 4_000
FULL_TIMES = 4


def pytest_addoption(parser):
    group = parser.getgroup("prove")
    group.addoption("--full", action="store_true", help="as often as it takes to trust it, for hours")
    group.addoption("--prove-out", default=str(figures.FOLDER), help="the folder that keeps what is measured")


def pytest_collection_modifyitems(items):
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.prove)


class Prove:
    """How often to try, with which chance; and where to say what came of it."""

    def __init__(self, request):
        self.full = request.config.getoption("full")
        self.seed = SEED
        self._told = request.node.user_properties

    def count(self, *, short, full):
        return full if self.full else short

    def luck(self):
        """The same at each run; its seed stands in the table."""
        self._told.append(("seed", str(self.seed)))
        return random.Random(self.seed)

    def measured(self, text):
        self._told.append(("measured", text))

    def control(self, text):
        self._told.append(("control", text))


@pytest.fixture
def prove(request):
    began = time.monotonic()
    yield Prove(request)
    request.node.user_properties.append(("seconds", time.monotonic() - began))


@pytest.fixture(scope="session")
def lasting_site():
    """A Stepmark of its own with 32 labelers, and no web yet; each proof starts the one it wants."""
    with open_to_others() as folder, site.running(folder) as running:
        running.fill(SOLUTIONS)
        yield running


@pytest.fixture
def broken_site(lasting_site, prove):
    """The same with a queue that is long enough for one more proof, whatever the last one has used or killed."""
    lasting_site.tend_until(lasting_site.database_answers)
    ((waiting,),) = lasting_site.rows("SELECT count(*) FROM annotation_slot WHERE state = 'ready'")
    if waiting < prove.count(short=ENOUGH, full=FULL_TIMES * ENOUGH):
        lasting_site.fill(prove.count(short=SOLUTIONS, full=FULL_TIMES * SOLUTIONS))
    return lasting_site


@pytest.fixture
def open_folder():
    with open_to_others() as folder:
        yield folder


@contextmanager
def open_to_others():
    """A folder that is gone afterwards; as root the services run as another user, who has to pass through."""
    with tempfile.TemporaryDirectory(prefix="stepmark-prove-") as folder:
        Path(folder).chmod(0o711)
        yield Path(folder)


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item):
    mark = item.get_closest_marker("figure")
    if mark:
        id, what, target = mark.args
        item.user_properties.append(("figure", {"id": id, "what": what, "target": target}))


class Told:
    """What is measured is kept in that moment, and told at the end."""

    def __init__(self, config):
        self._config, self._rows = config, {}

    def pytest_runtest_logreport(self, report):
        row = figures.figure_of(report)
        if row and (report.when == "call" or row.outcome != "met"):
            figures.keep(row, self._file)
            self._rows[row.id] = row

    def pytest_terminal_summary(self, terminalreporter):
        if self._rows:
            terminalreporter.section("what was proved")
            terminalreporter.write_line(figures.printed(self._rows.values()))
            terminalreporter.write_line(f"Kept in {self._file} and {self._file.with_suffix('.md').name}.")

    @property
    def _file(self):
        option = self._config.getoption
        return figures.file_of(Path(option("prove_out")), full=option("full"))


def pytest_configure(config):
    config.pluginmanager.register(Told(config), "what was proved")
