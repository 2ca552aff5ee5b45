"""What must never be false is a named constraint, and here is the row that breaks each of them.

The names come from the database itself: a constraint without a row that breaks it fails the first test.
"""

import uuid
from datetime import timedelta
from types import SimpleNamespace

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction
from django.utils import timezone

from annotation.models import (
    Acknowledgement,
    Adjudication,
    ApiToken,
    AuditEvent,
    AutomaticLabel,
    AutomaticSource,
    Critique,
    Delivery,
    Disagreement,
    Dispute,
    Draft,
    Exclusion,
    FlagReview,
    Gold,
    GoldJudgement,
    ImportBatch,
    ImportedRecord,
    Instructions,
    Invitation,
    Job,
    Label,
    Labeler,
    LabelExtension,
    Membership,
    Message,
    MessageRead,
    ModelVersion,
    OptionSet,
    OutsideIdentity,
    Problem,
    Publication,
    PutBack,
    Round,
    Sampling,
    Slot,
    Snapshot,
    SolutionScore,
    StepRating,
    TruthChange,
    UngradedAnswer,
    Webhook,
)
from annotation.services import importing, queue, rounds
from tests import factories
from tests.annotation.test_importing_labels import PHASE_2, line

pytestmark = pytest.mark.django_db

HASH = "a" * 64
SOON = timezone.now()
LONG_AGO = SOON - timedelta(days=365)

# Django's own begin with the table's name. A *_wall repeats the primary key with the project in front, for the foreign
# keys of annotation/migrations/first_release/walls.py to point at: a row that broke it would break the primary key.
NAMED = """
SELECT name FROM (
    SELECT conname AS name, conrelid AS place FROM pg_constraint WHERE contype IN ('c', 'u', 'f')
    UNION SELECT indexrelid::regclass::text, indrelid FROM pg_index WHERE indisunique
) named
WHERE place::regclass::text LIKE 'annotation_%' AND name NOT LIKE 'annotation_%' AND name NOT LIKE '%\\_wall'
"""
APPEND_ONLY_TABLES = "SELECT tgrelid::regclass::text FROM pg_trigger WHERE tgname LIKE 'pgtrigger_append_only_%'"
FROZEN_TABLES = "SELECT tgrelid::regclass::text FROM pg_trigger WHERE tgname LIKE 'pgtrigger_frozen_when_ready_%'"


def rows(labeler):
    """One sound row of everything in the labeler's project."""
    project = labeler.project
    queued, leased, ahead, _ = factories.queued(project, 4)
    label = factories.label(labeler)
    queue.next_work(project=project, by=labeler)
    done_round = Round.objects.get(pk=queued.round_id)
    factories.solution(project)
    version = ModelVersion.objects.create(
        project=project, checkpoint="rounds/0", sha256=HASH, data_sha256=HASH, base="toy"
    )
    importing.import_labels(project=project, lines=[line(steps=PHASE_2)], source="a.jsonl", by=None)
    message = Message.objects.create(project=project, labeler=labeler, text="Look again.")
    gold = Gold.objects.create(project=project, solution=queued.solution, kind="hidden", error_steps=[])
    version.state = "active"
    version.save()  # its history begins with the first change
    problem = queued.solution.problem
    problem.answer = f"{problem.answer} "
    problem.save()
    return SimpleNamespace(
        project=project,
        labeler=labeler,
        other_labeler=factories.member(project, "labeler"),
        membership=Membership.objects.get(project=project, user=labeler.user),
        instructions=Instructions.objects.get(project=project),
        invitation=Invitation(project=project, email="a@b.org", role="lead", secret_hash=b"s", expires_at=SOON),
        problem=queued.solution.problem,
        solution=queued.solution,
        slot=Slot.objects.get(pk=queued.pk),
        leased=Slot.objects.get(pk=leased.pk),
        ahead=Slot.objects.get(pk=ahead.pk),
        label=Label.objects.get(pk=label.pk),
        rating=label.steprating_set.first(),
        imported=ImportedRecord.objects.get(project=project),
        rating_of_import=StepRating.objects.filter(label__origin="import", label__project=project).first(),
        done_round=done_round,
        running_round=rounds.start_round(project=project, by=None),
        job=Job.objects.create(project=project, kind="export"),
        source=(source := source_of(project)),
        automatic=AutomaticLabel.objects.create(
            project=project, source=source, solution=queued.solution, estimates=[None], ratings=[None, 1]
        ),
        sampling=Sampling.objects.create(project=project, job=Job.objects.create(project=project, kind="sampling")),
        ended_job=Job.objects.get(pk=done_round.job_id),
        version=version,
        score=SolutionScore.objects.create(
            project=project, solution=queued.solution, version=version, product=0.5, minimum=0.5, probabilities=[]
        ),
        snapshot=(snapshot := Snapshot.objects.create(project=project, view="raw", folder="snapshots/1")),
        publication=Publication.objects.create(
            project=project, snapshot=snapshot, repo="us/labels", job=Job.objects.create(project=project, kind="export")
        ),
        draft=Draft.objects.create(slot=queued, labeler=labeler, body={}),
        acknowledgement=Acknowledgement.objects.create(project=project, labeler=labeler, version=1),
        option_set=OptionSet.objects.create(
            project=project, problem=queued.solution.problem, prefix=[], prefix_hash=b"p", wanted=4, is_ready=True
        ),
        critique=Critique.objects.create(project=project, solution=queued.solution, step=0, place=0, text="No."),
        extension=LabelExtension.objects.create(label=label, kind="progress", body={}),
        dispute=Dispute.objects.get(label=label),
        message=message,
        read=MessageRead.objects.create(message=message, labeler=labeler),
        gold=gold,
        gold_judgement=GoldJudgement.objects.create(
            project=project, gold=gold, label=label, labeler=labeler, agrees=True
        ),
        exclusion=Exclusion.objects.create(project=project, labeler=labeler, since=SOON, reason="Too fast."),
        adjudication=Adjudication.objects.create(
            project=project, solution=queued.solution, reviewer=labeler, blind={}, label=label, decided_at=SOON
        ),
        put_back=PutBack.objects.create(project=project, solution=queued.solution, reviewer=labeler),
        ungraded=UngradedAnswer.objects.create(project=project, label=label, answer="4"),
        disagreement=Disagreement.objects.create(project=project, solution=queued.solution),
        flag_review=FlagReview.objects.create(project=project, rating=label.steprating_set.first(), message=message),
        truth_change=TruthChange.objects.create(project=project, problem=queued.solution.problem, old="1", new="2"),
        batch=ImportBatch.objects.create(
            project=project, kind="problems", name="a.jsonl", file="imports/1", sha256=HASH, bytes=1
        ),
        webhook=(webhook := Webhook.objects.create(project=project, url="https://hooks.example.org/", secret="whsec_")),
        delivery=Delivery.objects.create(webhook=webhook, event="test", payload={}),
        identity=OutsideIdentity.objects.create(
            user=labeler.user, issuer="https://id.example.org", subject=str(labeler.pk)
        ),
        token=ApiToken.objects.create(
            user=labeler.user, name="script", secret_hash=project.slug.encode(), scopes=["read"], expires_at=SOON
        ),
    )


@pytest.fixture
def here(alice):
    return rows(alice)


@pytest.fixture
def there(charlie):
    return rows(charlie)


def again(row, **changes):
    """Insert a copy of a row with some columns changed."""
    fields = [field for field in row._meta.concrete_fields if not field.primary_key or field.is_relation]
    values = {field.attname: getattr(row, field.attname) for field in fields}
    key = {"id": uuid.uuid4()} if isinstance(row, Label) else {}
    type(row)(**values | key | changes).save(force_insert=True)


# Name of the constraint → a row that is there, and what makes its copy break this constraint and no other.
BROKEN_BY = {
    "project_phase_is_1_or_2": lambda it: (it.project, {"slug": "new", "phase": 3}),
    "project_lease_lasts": lambda it: (it.project, {"slug": "new", "lease_minutes": 0}),
    "project_shares_are_shares": lambda it: (it.project, {"slug": "new", "wrong_share": 1.1}),
    "project_neutral_is_known": lambda it: (it.project, {"slug": "new", "neutral": "grey"}),
    "project_answer_policy_is_known": lambda it: (it.project, {"slug": "new", "answer_policy": "perhaps"}),
    "project_strategy_is_known": lambda it: (it.project, {"slug": "new", "strategy": "luck"}),
    "project_scope_is_known": lambda it: (it.project, {"slug": "new", "scope": "nowhere"}),
    "project_read_ahead_is_known": lambda it: (it.project, {"slug": "new", "read_ahead": "perhaps"}),
    "project_human_step_when_is_known": lambda it: (it.project, {"slug": "new", "human_step_when": "never"}),
    "progress_has_0_3_or_5_points": lambda it: (it.project, {"slug": "new", "progress_points": 4}),
    "project_offers_options": lambda it: (it.project, {"slug": "new", "options_per_step": 0}),
    "a_bad_problem_is_reported": lambda it: (it.project, {"slug": "new", "bad_problem_reports": 0}),
    "project_training_mode_is_known": lambda it: (it.project, {"slug": "new", "training_mode": "luck"}),
    "project_rounds_choose_something": lambda it: (it.project, {"slug": "new", "solutions_per_problem": 0}),
    "project_water_marks_are_in_order": lambda it: (it.project, {"slug": "new", "low_water": 1}),
    "project_quality_shares_are_shares": lambda it: (it.project, {"slug": "new", "overlap_share": 1.1}),
    "project_cost_is_not_negative": lambda it: (it.project, {"slug": "new", "hourly_cost": -1}),
    "labeler_admission_is_known": lambda it: (
        it.other_labeler,
        {"user_id": None, "pseudonym": uuid.uuid4(), "admission": "x"},
    ),
    "only_screening_has_no_round": lambda it: (it.slot, {"wave": 9, "round_id": None}),
    "gold_kind_is_known": lambda it: (it.gold, {"solution_id": it.leased.solution_id, "kind": "secret"}),
    "gold_origin_is_known": lambda it: (it.gold, {"solution_id": it.leased.solution_id, "origin": "rumour"}),
    "one_exclusion_in_force_per_labeler": lambda it: (it.exclusion, {}),
    "exclusion_has_a_reason": lambda it: (it.exclusion, {"labeler_id": it.other_labeler.pk, "reason": ""}),
    "exclusion_is_lifted_after_it_was_made": lambda it: (it.exclusion, {"lifted_at": LONG_AGO}),
    "adjudication_is_decided_by_a_label": lambda it: (
        it.adjudication,
        {"solution_id": it.leased.solution_id, "label_id": None},
    ),
    "put_back_once_by_a_reviewer": lambda it: (it.put_back, {}),
    "dispute_resolution_is_known": lambda it: (it.dispute, {"resolution": "shrug", "resolved_at": SOON}),
    "dispute_is_resolved_at_a_time": lambda it: (it.dispute, {"resolution": "truth"}),
    "import_kind_is_known": lambda it: (it.batch, {"kind": "gossip"}),
    "import_state_is_known": lambda it: (it.batch, {"state": "asleep"}),
    "import_split_is_known": lambda it: (it.batch, {"split": "valid"}),
    "an_outside_identity_has_one_account": lambda it: (it.identity, {}),
    "an_address_is_told_once": lambda it: (it.webhook, {}),
    "delivery_event_is_known": lambda it: (it.delivery, {"event_id": uuid.uuid4(), "event": "birthday"}),
    "delivery_state_is_known": lambda it: (it.delivery, {"event_id": uuid.uuid4(), "state": "lost"}),
    "token_has_a_scope": lambda it: (it.token, {"secret_hash": b"new", "scopes": []}),
    "token_scopes_are_known": lambda it: (it.token, {"secret_hash": b"new", "scopes": ["everything"]}),
    "snapshot_format_is_known": lambda it: (it.snapshot, {"format": "pdf"}),
    "snapshot_neutral_is_known": lambda it: (it.snapshot, {"neutral": "grey"}),
    "acknowledged_once": lambda it: (it.acknowledgement, {}),
    "one_role_per_project": lambda it: (it.membership, {"role": "lead"}),
    "membership_role_is_known": lambda it: (it.membership, {"role": "king"}),
    "instructions_version_is_unique": lambda it: (it.instructions, {}),
    "instructions_version_starts_at_1": lambda it: (it.instructions, {"version": 0}),
    "invitation_role_is_known": lambda it: (it.invitation, {"role": "king"}),
    "labeler_pseudonym_is_unique": lambda it: (it.labeler, {"user_id": None}),
    "one_labeler_per_user_and_project": lambda it: (it.labeler, {"pseudonym": uuid.uuid4()}),
    "labeler_state_is_known": lambda it: (it.labeler, {"state": "asleep"}),
    "problem_content_is_unique": lambda it: (it.problem, {"unique_id": ""}),
    "problem_unique_id_is_unique": lambda it: (named(it.problem), {"content_hash": b"new"}),
    "problem_has_text": lambda it: (it.problem, {"text": ""}),
    "problem_split_is_known": lambda it: (it.problem, {"split": "valid"}),
    "solution_content_is_unique": lambda it: (it.solution, {}),
    "solution_has_steps": lambda it: (it.solution, {"steps": []}),
    "solution_grade_is_known": lambda it: (it.solution, {"grade": "nice"}),
    "solution_count_is_positive": lambda it: (it.solution, {"count": 0}),
    "solution_imported_score_is_a_probability": lambda it: (it.solution, {"imported_score": 1.1}),
    "one_slot_per_solution_and_wave": lambda it: (it.slot, {}),
    "one_lease_per_labeler": lambda it: (it.leased, {"wave": 9}),
    "one_prefetched_slot_per_labeler": lambda it: (it.ahead, {"wave": 9}),
    "only_a_leased_slot_is_prefetched": lambda it: (it.slot, {"wave": 9, "prefetched": True}),
    "slot_state_is_known": lambda it: (it.slot, {"state": "asleep"}),
    "slot_arm_is_known": lambda it: (it.slot, {"arm": "leg"}),
    "slot_has_a_lease_exactly_while_leased": lambda it: (it.leased, {"lease_until": None}),
    "one_draft_per_labeler_and_slot": lambda it: (it.draft, {}),
    "one_punctual_label_per_slot": lambda it: (it.label, {"labeler_id": it.other_labeler.pk}),
    "one_label_per_labeler_and_solution": lambda it: (it.label, {"late": True}),
    "a_label_given_here_has_a_slot": lambda it: (it.label, {"slot_id": None}),
    "label_purpose_is_known": lambda it: (it.label, {"purpose": "fun"}),
    "label_phase_is_1_or_2": lambda it: (it.label, {"phase": 3}),
    "label_finish_reason_is_known": lambda it: (it.label, {"finish_reason": "tired", "reason": "late"}),
    "giving_up_and_bad_problem_have_a_reason": lambda it: (it.label, {"finish_reason": "give_up"}),
    "active_time_is_within_total_time": lambda it: (it.label, {"active_ms": 1001}),
    "one_rating_per_option": lambda it: (it.rating, {"chosen": False}),
    "one_chosen_option_per_step": lambda it: (it.rating, {"option": 1}),
    "rating_is_minus_one_zero_or_one": lambda it: (it.rating, {"rating": 2}),
    "human_step_has_text": lambda it: (it.rating, {"human": True, "text": None}),
    "one_extension_of_a_kind": lambda it: (it.extension, {}),
    "extension_kind_is_known": lambda it: (it.extension, {"kind": "mood"}),
    "one_option_set_per_prefix": lambda it: (it.option_set, {}),
    "an_unfinished_option_set_has_a_job": lambda it: (it.option_set, {"prefix_hash": b"new", "is_ready": False}),
    "critique_is_unique": lambda it: (it.critique, {}),
    "critique_has_text": lambda it: (it.critique, {"place": 1, "text": ""}),
    "message_has_text": lambda it: (it.message, {"text": ""}),
    "message_read_once": lambda it: (it.read, {}),
    "imported_line_is_unique": lambda it: (it.imported, {"label_id": it.label.pk}),
    "imported_line_number_starts_at_1": lambda it: (it.imported, {"number": 0}),
    "one_running_round_per_project": lambda it: (it.running_round, {"job_id": it.job.pk, "number": 9}),
    "round_number_is_unique": lambda it: (it.done_round, {"job_id": it.job.pk}),
    "round_state_is_known": lambda it: (it.done_round, {"state": "asleep"}),
    "round_is_finished_exactly_when_not_running": lambda it: (it.done_round, {"finished_at": None}),
    "one_active_model_per_project_and_kind": lambda it: (it.version, {}),
    "model_kind_is_known": lambda it: (it.version, {"kind": "oracle"}),
    "model_state_is_known": lambda it: (it.version, {"state": "asleep"}),
    "model_version_names_its_files": lambda it: (it.version, {"sha256": HASH.upper()}),
    "one_score_per_solution_and_version": lambda it: (it.score, {}),
    "scores_are_probabilities": lambda it: (it.score, {"minimum": -0.1}),
    "snapshot_view_is_known": lambda it: (it.snapshot, {"view": "pretty"}),
    "publication_names_its_repository": lambda it: (it.publication, {"repo": ""}),
    "snapshot_hash_is_a_hash": lambda it: (it.snapshot, {"sha256": "abc"}),
    "automatic_source_has_a_name_of_its_own": lambda it: (it.source, {"job_id": it.job.pk}),
    "automatic_source_has_a_name": lambda it: (it.source, {"name": ""}),
    "automatic_kind_is_known": lambda it: (it.source, {"kind": "dice"}),
    "a_model_labels_as_one_of_its_versions": lambda it: (it.source, {"version_id": it.version.pk}),
    "one_automatic_label_per_source": lambda it: (it.automatic, {}),
    "automatic_label_rates_steps": lambda it: (it.automatic, {"ratings": []}),
    "automatic_rating_is_minus_one_or_one": lambda it: (it.automatic, {"ratings": [1, 0]}),
    "one_refill_at_a_time_per_project": lambda it: (refill_of(it.project), {}),
    "job_kind_is_known": lambda it: (it.job, {"kind": "nap"}),
    "job_state_is_known": lambda it: (it.job, {"state": "asleep"}),
    "job_has_a_lease_exactly_while_running": lambda it: (it.job, {"state": "running"}),
    "job_is_finished_exactly_at_its_end": lambda it: (it.ended_job, {"finished_at": None}),
    "job_progress_is_within_total": lambda it: (it.job, {"done": 1}),
    "failed_job_says_why": lambda it: (it.ended_job, {"state": "failed"}),
    "one_pulse_per_part_and_place": lambda it: (factories.pulse("gpu"), {}),
    "pulse_part_is_known": lambda it: (factories.pulse("gpu"), {"part": "heart"}),
}


def source_of(project):
    job = Job.objects.create(project=project, kind="automatic")
    return AutomaticSource.objects.create(project=project, kind="rollouts", name="completer", job=job)


def refill_of(project):
    return Job.objects.create(project=project, kind="refill")


def named(problem):
    problem.unique_id = "train/algebra/1.json"
    problem.save()
    return problem


# The same for what points into another project: the row, and its column with a row of over there.
STAYS = "_stays_in_its_project"
LABEL = {"late": True}
OTHER = {"name": "b", "kind": "model"}
OUTSIDE = {
    "solution_problem_id": lambda it, there: (it.solution, there.problem, {"content_hash": b"new"}),
    "round_job_id": lambda it, there: (it.done_round, there.job, {"number": 9}),
    "round_selector_id": lambda it, there: (it.done_round, there.version, {"number": 9, "job_id": it.job.pk}),
    "snapshot_job_id": lambda it, there: (it.snapshot, there.job, {}),
    "modelversion_round_id": lambda it, there: (it.version, there.done_round, {"state": "candidate"}),
    "slot_solution_id": lambda it, there: (it.slot, there.solution, {"wave": 9}),
    "slot_round_id": lambda it, there: (it.slot, there.done_round, {"wave": 9}),
    "slot_lease_owner_id": lambda it, there: (it.leased, there.other_labeler, {"wave": 9}),
    "label_slot_id": lambda it, there: (it.label, there.leased, {"labeler_id": it.other_labeler.pk}),
    "label_solution_id": lambda it, there: (it.label, there.solution, LABEL),
    "label_labeler_id": lambda it, there: (it.label, there.labeler, LABEL),
    "label_supersedes_id": lambda it, there: (it.label, there.label, LABEL),
    "importedrecord_label_id": lambda it, there: (it.imported, there.label, {"line_hash": b"new"}),
    "solutionscore_solution_id": lambda it, there: (it.score, there.solution, {}),
    "solutionscore_version_id": lambda it, there: (it.score, there.version, {}),
    "optionset_problem_id": lambda it, there: (it.option_set, there.problem, {"prefix_hash": b"new"}),
    "optionset_job_id": lambda it, there: (it.option_set, there.job, {"prefix_hash": b"new"}),
    "critique_solution_id": lambda it, there: (it.critique, there.solution, {"place": 9}),
    "dispute_label_id": lambda it, there: (it.dispute, there.imported, {}),
    "message_labeler_id": lambda it, there: (it.message, there.labeler, {}),
    "message_answers_id": lambda it, there: (it.message, there.message, {}),
    "message_label_id": lambda it, there: (it.message, there.label, {}),
    "acknowledgement_labeler_id": lambda it, there: (it.acknowledgement, there.other_labeler, {}),
    "gold_solution_id": lambda it, there: (it.gold, there.leased.solution, {}),
    "goldjudgement_gold_id": lambda it, there: (it.gold_judgement, there.gold, {"label_id": it.imported.pk}),
    "goldjudgement_label_id": lambda it, there: (it.gold_judgement, there.imported, {}),
    "goldjudgement_labeler_id": lambda it, there: (it.gold_judgement, there.labeler, {"label_id": it.imported.pk}),
    "exclusion_labeler_id": lambda it, there: (it.exclusion, there.other_labeler, {}),
    "adjudication_solution_id": lambda it, there: (
        it.adjudication,
        there.leased.solution,
        {"label_id": it.imported.pk},
    ),
    "adjudication_reviewer_id": lambda it, there: (
        it.adjudication,
        there.labeler,
        {"solution_id": it.leased.solution_id, "label_id": it.imported.pk},
    ),
    "adjudication_label_id": lambda it, there: (
        it.adjudication,
        there.imported,
        {"solution_id": it.leased.solution_id},
    ),
    "putback_solution_id": lambda it, there: (it.put_back, there.solution, {}),
    "putback_reviewer_id": lambda it, there: (it.put_back, there.labeler, {}),
    "ungradedanswer_label_id": lambda it, there: (it.ungraded, there.imported, {}),
    "disagreement_solution_id": lambda it, there: (it.disagreement, there.leased.solution, {}),
    "flagreview_message_id": lambda it, there: (it.flag_review, there.message, {"rating_id": it.rating_of_import.pk}),
    "truthchange_problem_id": lambda it, there: (it.truth_change, there.problem, {}),
    "importbatch_job_id": lambda it, there: (it.batch, there.job, {}),
    "problem_batch_id": lambda it, there: (it.problem, there.batch, {"content_hash": b"new", "unique_id": ""}),
    "solution_batch_id": lambda it, there: (it.solution, there.batch, {"content_hash": b"new"}),
    "importedrecord_batch_id": lambda it, there: (
        it.imported,
        there.batch,
        {"label_id": it.label.pk, "line_hash": b"new"},
    ),
    "publication_snapshot_id": lambda it, there: (it.publication, there.snapshot, {"job_id": it.job.pk}),
    "publication_job_id": lambda it, there: (it.publication, there.ended_job, {}),
    "snapshot_repeats_id": lambda it, there: (it.snapshot, there.snapshot, {}),
    "automaticsource_version_id": lambda it, there: (it.source, there.version, {**OTHER, "job_id": it.job.pk}),
    "automaticsource_job_id": lambda it, there: (it.source, there.job, {"name": "b"}),
    "automaticlabel_source_id": lambda it, there: (it.automatic, there.source, {}),
    "automaticlabel_solution_id": lambda it, there: (it.automatic, there.solution, {}),
    "sampling_job_id": lambda it, there: (it.sampling, there.job, {}),
    "sampling_batch_id": lambda it, there: (it.sampling, there.batch, {"job_id": it.job.pk}),
    "snapshot_automatic_id": lambda it, there: (it.snapshot, there.source, {}),
    "acknowledgement_version": lambda it, there: (it.acknowledgement, only_there(there.project), {}),
}


def only_there(project):
    """A version of the instructions whose number no other project has."""
    return SimpleNamespace(pk=Instructions.objects.create(project=project, version=7).version)


APPEND_ONLY = [
    AuditEvent,
    AutomaticLabel,
    Exclusion.pgh_event_model,
    Gold.pgh_event_model,
    ImportedRecord,
    Label,
    LabelExtension,
    Labeler.pgh_event_model,
    Membership.pgh_event_model,
    ModelVersion.pgh_event_model,
    Problem.pgh_event_model,
    Snapshot.pgh_event_model,
    StepRating,
    TruthChange,
]


def query(sql):
    with connection.cursor() as cursor:
        cursor.execute(sql)
        return {value for (value,) in cursor.fetchall()}


def broken_by(row, changes):
    """The name of the constraint that a changed copy of the row breaks; None if it can be inserted."""
    try:
        with transaction.atomic():
            again(row, **changes)
            transaction.set_rollback(True)
    except IntegrityError as error:
        return error.__cause__.diag.constraint_name
    return None


def test_every_named_constraint_has_a_row_here_that_breaks_it():
    assert query(NAMED) == BROKEN_BY.keys() | {name + STAYS for name in OUTSIDE}


def test_the_database_refuses_what_must_never_be(here):
    broken = {name: broken_by(*case(here)) for name, case in BROKEN_BY.items()}

    assert broken == {name: name for name in BROKEN_BY}


def test_the_database_refuses_a_row_that_points_into_another_project(here, there):
    broken = {}
    for name, case in OUTSIDE.items():
        row, outside, changes = case(here, there)
        column = name.removeprefix(f"{row._meta.model_name}_")
        broken[name + STAYS] = broken_by(row, changes | {column: outside.pk})

    assert broken == {name: name for name in broken}


def test_every_append_only_table_is_known_here():
    assert query(APPEND_ONLY_TABLES) == {model._meta.db_table for model in APPEND_ONLY}


@pytest.mark.parametrize("statement", ["UPDATE {} SET {key} = {key}", "DELETE FROM {}"])
def test_what_was_judged_or_done_is_never_changed_even_in_sql(statement, here):
    for model in APPEND_ONLY:
        assert model.objects.exists()
        sql = statement.format(model._meta.db_table, key=model._meta.pk.column)

        with pytest.raises(DatabaseError, match="append_only"), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(sql)


def test_options_that_somebody_may_have_rated_are_never_changed_even_in_sql(here):
    assert query(FROZEN_TABLES) == {OptionSet._meta.db_table}
    for statement in ("UPDATE annotation_optionset SET options = '[1]'", "DELETE FROM annotation_optionset"):
        with (
            pytest.raises(DatabaseError, match="frozen_when_ready"),
            transaction.atomic(),
            connection.cursor() as cursor,
        ):
            cursor.execute(statement)


def test_options_that_are_not_ready_can_still_be_filled(here):
    waiting = OptionSet.objects.create(
        project=here.project, problem=here.problem, prefix=["a"], prefix_hash=b"a", wanted=4, job=here.job
    )
    waiting.options = [{"text": "b", "source": "generator"}]
    waiting.is_ready = True

    waiting.save()

    assert OptionSet.objects.get(pk=waiting.pk).texts == ["b"]
