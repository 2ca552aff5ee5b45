"""What the site has acknowledged, kept outside of it; and whether its database still says so."""

import statistics
import threading
import time
from collections import Counter, defaultdict
from dataclasses import dataclass


@dataclass(frozen=True)
class Entry:
    label: str
    slot: int
    ratings: tuple[int, ...]
    at: float


class Ledger:
    """Only ever added to."""

    def __init__(self):
        self._lock = threading.Lock()
        self.entries = []
        self.statuses = defaultdict(Counter)
        self.seconds = defaultdict(list)  # of answers
        self.refusals = []
        self.longest = 0.0  # seconds from a request to its end, answered or not

    def acknowledged(self, label, assignment, ratings):
        with self._lock:
            self.entries.append(Entry(label, assignment["slot"], ratings, time.monotonic()))

    def answered(self, what, status, seconds):
        with self._lock:
            self.statuses[what][status] += 1
            self.longest = max(self.longest, seconds)
            if status in (200, 201):
                self.seconds[what].append(seconds)

    def refused(self, what, status, answer):
        with self._lock:
            self.refusals.append((what, status, answer))

    def __len__(self):
        return len(self.entries)

    def count(self, status):
        """Answers with this status, to anything; None: no answer."""
        return sum(found[status] for found in self.statuses.values())

    def requests(self):
        return sum(found.total() for found in self.statuses.values())

    def failures(self):
        """Requests that no answer came to, or that the site says is its own fault."""
        return sum(
            found[status] for found in self.statuses.values() for status in found if status is None or status >= 500
        )

    def comes_back_within(self, moments, *, middle=float("inf"), longest):
        found = self.wait_after(moments)
        return found[0] < middle and found[1] < longest

    def wait_after(self, moments):
        """Seconds from each moment to the first acknowledgement after it: (median, longest)."""
        times = sorted(entry.at for entry in self.entries)
        waits = [next((at - moment for at in times if at > moment), float("inf")) for moment in moments]
        return statistics.median(waits), max(waits)


@dataclass(frozen=True)
class Audit:
    """Of the ledger's entries against the database."""

    acknowledged: int
    lost: int
    wrong: int
    twice: int  # labels beyond the first of one labeler for one solution, or that both fill one slot
    shared: int  # slots that were given to two
    broken: str  # invariants that do not hold

    @property
    def is_sound(self):
        return not (self.lost or self.wrong or self.twice or self.shared or self.broken)

    def __str__(self):
        return f"{self.lost} lost, {self.wrong} wrong, {self.twice} twice, {self.shared} given to two, of {self.acknowledged:,}"


LABELS = """SELECT label.id::text, label.slot_id, array_agg(rating.rating ORDER BY rating.step)
    FROM annotation_label label LEFT JOIN annotation_steprating rating ON rating.label_id = label.id
    WHERE label.id = ANY(%s::uuid[]) GROUP BY label.id"""
TWICE = """SELECT coalesce(sum(n - 1), 0) FROM (
    SELECT count(*) AS n FROM annotation_label WHERE supersedes_id IS NULL GROUP BY labeler_id, solution_id
    UNION ALL SELECT count(*) FROM annotation_label WHERE supersedes_id IS NULL AND NOT late GROUP BY slot_id
    ) counted WHERE n > 1"""
SHARED = """SELECT count(*) FROM (
    SELECT slot_id FROM annotation_lease GROUP BY slot_id HAVING count(DISTINCT labeler_id) > 1) found"""


def audit(site, ledger):
    entries = {entry.label: entry for entry in ledger.entries}
    kept = {label: (slot, tuple(ratings)) for label, slot, ratings in site.rows(LABELS, list(entries))}
    wrong = [one for one in kept if kept[one] != (entries[one].slot, entries[one].ratings)]
    ((twice,),), ((shared,),) = site.rows(TWICE), site.rows(SHARED)
    return Audit(len(entries), len(entries) - len(kept), len(wrong), int(twice), shared, _broken(site))


def _broken(site):
    try:
        site.run("manage.py", "verify_invariants")
    except AssertionError as error:
        return str(error)
    return ""
