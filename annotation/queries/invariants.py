"""What must hold among rows, beyond what a constraint of one table can say: each a sentence, and the rows that break it.

A statement returns the ids of offending rows; of a sound database it returns none. `manage.py verify_invariants` asks.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings
from django.db import connection
from django.db.models import Q

from annotation.models import ModelVersion, Snapshot
from annotation.models.scoring import ModelState

SHOWN = 20  # ids of one invariant

NO_LABEL = """SELECT s.id FROM annotation_slot s
    WHERE s.state = 'done' AND NOT EXISTS (SELECT FROM annotation_label l WHERE l.slot_id = s.id)"""
NO_LEASE = """SELECT s.id FROM annotation_slot s WHERE s.state = 'leased' AND NOT EXISTS (
    SELECT FROM annotation_lease e WHERE e.token = s.lease_token AND e.slot_id = s.id AND e.labeler_id = s.lease_owner_id)"""
NEVER_HELD = """SELECT l.id FROM annotation_label l WHERE l.slot_id IS NOT NULL AND NOT EXISTS (
    SELECT FROM annotation_lease e WHERE e.slot_id = l.slot_id AND e.labeler_id = l.labeler_id)"""
FORGOTTEN = """SELECT id FROM annotation_slot WHERE state = 'leased' AND lease_until < now() - interval '1 hour'"""
OTHER_SOLUTION = """SELECT l.id FROM annotation_label l JOIN annotation_slot s ON s.id = l.slot_id
    WHERE s.solution_id <> l.solution_id"""
SUPERSEDED_TWICE = """SELECT supersedes_id FROM annotation_label WHERE supersedes_id IS NOT NULL
    GROUP BY supersedes_id HAVING count(*) > 1"""
OTHER_SUPERSEDED = """SELECT l.id FROM annotation_label l JOIN annotation_label b ON b.id = l.supersedes_id
    WHERE (l.labeler_id, l.solution_id) <> (b.labeler_id, b.solution_id) AND l.origin = 'labeler'"""
EARLIER = """SELECT l.id FROM annotation_label l JOIN annotation_label b ON b.id = l.supersedes_id
    WHERE l.created_at < b.created_at"""
NO_RATINGS = """SELECT l.id FROM annotation_label l WHERE l.finish_reason IN ('found_error', 'solution')
    AND l.origin = 'labeler' AND NOT EXISTS (SELECT FROM annotation_steprating r WHERE r.label_id = l.id)"""
NO_ERROR = """SELECT l.id FROM annotation_label l WHERE l.phase = 2 AND l.origin = 'labeler' AND (
    l.finish_reason = 'found_error') <> EXISTS (SELECT FROM annotation_steprating r
    WHERE r.label_id = l.id AND r.option = 0 AND r.rating = -1) AND l.finish_reason IN ('found_error', 'solution')"""
NO_SUCH_STEP = """SELECT DISTINCT l.id FROM annotation_label l JOIN annotation_solution s ON s.id = l.solution_id
    JOIN annotation_steprating r ON r.label_id = l.id
    WHERE l.phase = 2 AND l.origin = 'labeler' AND r.step >= cardinality(s.steps)"""
HELD_OUT = """SELECT l.id FROM annotation_label l JOIN annotation_solution s ON s.id = l.solution_id
    JOIN annotation_problem p ON p.id = s.problem_id
    WHERE p.split = 'test' AND l.origin = 'labeler' AND l.purpose = 'production'"""
HELD_OUT_QUEUED = """SELECT q.id FROM annotation_slot q JOIN annotation_solution s ON s.id = q.solution_id
    JOIN annotation_problem p ON p.id = s.problem_id
    WHERE p.split = 'test' AND q.state = 'ready' AND q.arm NOT IN ('gold', 'screening')"""
NO_REASON = "SELECT id FROM annotation_labeler WHERE state = 'paused' AND paused_because = ''"
NO_LABELER = """SELECT m.id FROM annotation_membership m WHERE m.role = 'labeler' AND NOT EXISTS (
    SELECT FROM annotation_labeler l WHERE l.project_id = m.project_id AND l.user_id = m.user_id)"""
NOT_JUDGED = """SELECT l.id FROM annotation_label l JOIN annotation_gold g ON g.solution_id = l.solution_id
    WHERE l.purpose <> 'production' AND l.origin = 'labeler' AND l.created_at > g.created_at
    AND NOT EXISTS (SELECT FROM annotation_label n WHERE n.supersedes_id = l.id)
    AND NOT EXISTS (SELECT FROM annotation_goldjudgement j WHERE j.label_id = l.id)"""
NO_VERSION = """SELECT s.id FROM annotation_solutionscore s WHERE NOT EXISTS (
    SELECT FROM annotation_modelversion v WHERE v.id = s.version_id AND v.project_id = s.project_id)"""
OTHER_DECISION = """SELECT a.id FROM annotation_adjudication a JOIN annotation_label l ON l.id = a.label_id
    WHERE l.solution_id <> a.solution_id OR l.origin <> 'reviewer'"""
STUCK_ROUND = """SELECT r.id FROM annotation_round r JOIN annotation_job j ON j.id = r.job_id
    WHERE (r.state = 'running' AND j.state IN ('done', 'failed', 'cancelled') AND j.finished_at < now() - interval '1 hour')
    OR (r.state = 'done' AND (r.finished_at IS NULL OR j.state <> 'done'))"""
DEAD_JOB = """SELECT id FROM annotation_job WHERE state = 'running' AND lease_until < now() - interval '1 hour'"""
GAP = """SELECT project_id FROM annotation_instructions GROUP BY project_id
    HAVING min(version) <> 1 OR max(version) <> count(*)"""
ROLE = """SELECT m.id FROM annotation_membership m JOIN LATERAL (SELECT e.role FROM annotation_membershipevent e
    WHERE e.pgh_obj_id = m.id ORDER BY e.pgh_id DESC LIMIT 1) newest ON true WHERE newest.role <> m.role"""


@dataclass(frozen=True)
class Invariant:
    name: str
    sentence: str  # that holds
    statement: str


INVARIANTS = [
    Invariant("done_slot_has_a_label", "A slot is done only with a label.", NO_LABEL),
    Invariant("leased_slot_was_given", "Who holds a slot was given it, by this lease.", NO_LEASE),
    Invariant("label_was_earned", "Who labeled a slot was given it once.", NEVER_HELD),
    Invariant("leases_end", "No lease is over for an hour without being given back.", FORGOTTEN),
    Invariant("label_is_of_its_slot", "A label is of the solution of its slot.", OTHER_SOLUTION),
    Invariant("superseded_once", "A label is superseded by one other at most.", SUPERSEDED_TWICE),
    Invariant("correction_is_of_the_same", "A correction is by the same labeler, of the same solution.", OTHER_SUPERSEDED),
    Invariant("correction_comes_later", "A correction comes after what it corrects.", EARLIER),
    Invariant("finished_label_has_ratings", "A finished judgement has ratings.", NO_RATINGS),
    Invariant("error_is_rated", "A label found an error exactly when it rates a step bad (phase 2).", NO_ERROR),
    Invariant("rated_step_is_there", "Only steps that a solution has are rated (phase 2).", NO_SUCH_STEP),
    Invariant("held_out_is_not_labelled", "No production label is of a test problem.", HELD_OUT),
    Invariant("held_out_does_not_wait", "Nothing of a test problem waits in the queue.", HELD_OUT_QUEUED),
    Invariant("pause_has_a_reason", "A paused labeler is told why.", NO_REASON),
    Invariant("labeler_has_a_name", "Whoever has the role of a labeler has a pseudonym.", NO_LABELER),
    Invariant("gold_is_judged", "A label of a known solution is compared with what is known.", NOT_JUDGED),
    Invariant("score_has_a_version", "A score is by a model that is there.", NO_VERSION),
    Invariant("decision_is_of_its_case", "A reviewer's decision is a label of the solution that was decided.", OTHER_DECISION),
    Invariant("round_ends_with_its_job", "A round is over when its job is, and done when it is done.", STUCK_ROUND),
    Invariant("jobs_end", "No job is without a worker for an hour.", DEAD_JOB),
    Invariant("instructions_have_no_gap", "Versions of instructions count from 1 without a gap.", GAP),
    Invariant("history_ends_with_what_is", "The history of roles ends with the role that is in force.", ROLE),
]  # fmt: skip


@dataclass(frozen=True)
class Finding:
    name: str
    sentence: str
    offending: list[str]  # the first ones
    count: int


def findings() -> Iterator[Finding]:
    """What each invariant found, sound or not. One query each."""
    for one in INVARIANTS:
        with connection.cursor() as cursor:
            cursor.execute(one.statement)
            found = [str(row[0]) for row in cursor.fetchall()]
        yield Finding(one.name, one.sentence, found[:SHOWN], len(found))


def file_findings(data_dir: Path | None = None) -> Iterator[Finding]:
    """The same for what lies on the disk: datasets, and the checkpoints of models in use."""
    root = data_dir or settings.DATA_DIR
    snapshots = Snapshot.objects.exclude(sha256="").order_by("pk")
    broken = [f"{one.pk}: {why}" for one in snapshots for why in _broken_dataset(root / one.folder, one)]
    yield Finding(
        "dataset_files_are_whole", "The files of a dataset are as they were written.", broken[:SHOWN], len(broken)
    )
    versions = ModelVersion.objects.filter(Q(state=ModelState.ACTIVE)).order_by("pk")
    lost = [
        f"{one.pk}: {why}" for one in versions for why in wrong_hash(root / one.checkpoint, "manifest.json", one.sha256)
    ]
    yield Finding(
        "model_in_use_is_there", "The checkpoint of a model in use is as it was trained.", lost[:SHOWN], len(lost)
    )


def _broken_dataset(folder: Path, snapshot: Snapshot) -> Iterator[str]:
    yield from wrong_hash(folder, "manifest.json", snapshot.sha256)
    beside = [snapshot.manifest.get(name) for name in ("extensions", "card", "contents")]
    for file in [*snapshot.manifest.get("files", []), *filter(None, beside)]:
        yield from wrong_hash(folder, file["name"], file["sha256"])


def wrong_hash(folder: Path, name: str, wanted: str) -> Iterator[str]:
    """What is wrong with a file of the folder whose SHA-256 is known; nothing where it is whole."""
    if not (folder / name).is_file():
        yield f"{name} is missing"
        return
    with (folder / name).open("rb") as file:
        if hashlib.file_digest(file, "sha256").hexdigest() != wanted:
            yield f"{name} was changed"
