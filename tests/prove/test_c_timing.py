"""C2.1: how long an answer takes tells no stranger whether something is there."""

import statistics
import time
from operator import attrgetter

import pytest

from annotation.api import import_views
from annotation.models import ImportBatch
from tests.access import matrix
from tests.access.test_matrix import ROWS, WITH_IDS, patterns, there  # noqa: F401 - a fixture
from tests.prove.test_c_access import NOBODY_S, answer_to

pytestmark = pytest.mark.django_db
PAIRS, APART = 200, 0.20


@pytest.mark.figure(
    "C2.1", "the same, 200 times each in turn, by the clock", "medians within 20 % of each other, on every route"
)
def test_c2_how_long_it_takes_tells_nothing(prove, there, monkeypatch):  # noqa: F811
    slugs = {one.name for one in patterns() if "slug" in one.pattern.converters}
    names = [name for name in WITH_IDS if name in slugs and "GET" in ROWS[name]]
    names = names[:: prove.count(short=len(names) // 4, full=1)]

    ratios = {name: ratio(there, name) for name in names}

    widest = max(ratios, key=lambda name: abs(ratios[name] - 1))
    prove.measured(f"{len(names)} routes, the widest apart {ratios[widest]:.2f} ({widest})")
    assert abs(ratios[widest] - 1) < APART

    everywhere = import_views.queries.batch_of

    def reads_it_first(project, *, pk, now):
        for one in ImportBatch.objects.filter(pk=pk).select_related("project"):
            everywhere(one.project, pk=one.pk, now=now)
        return everywhere(project, pk=pk, now=now)

    monkeypatch.setattr(import_views.queries, "batch_of", reads_it_first)
    planted = ratio(there, "api_import")
    prove.control(f"an import that is read before it is refused: {planted:.2f}")
    assert abs(planted - 1) > APART


def ratio(world, name):
    """The median time for an object of ours by that for one that is not there, asked by a member of another project."""
    ours = {word: attrgetter(where)(world) for word, where in matrix.KWARGS[name].items()}
    missing = {word: NOBODY_S[word] for word in ours}
    role = next((role for role in ROWS[name]["GET"].split() if role in world.strangers), "lead")
    times = {"ours": [], "missing": []}
    for _ in range(PAIRS):
        for which, kwargs in (("ours", ours), ("missing", missing)):
            began = time.perf_counter()
            answer_to(world, name, "GET", world.strangers[role], slug="elsewhere", kwargs=kwargs)
            times[which].append(time.perf_counter() - began)
    return statistics.median(times["ours"]) / statistics.median(times["missing"])
