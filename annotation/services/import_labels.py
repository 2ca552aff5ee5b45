"""Labels from PRM800K lines: all that the pages can show as rows, and the line itself for the export."""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from uuid import UUID, uuid5

from django.utils.translation import gettext_noop as _

from active_learning.grading import extract_answer
from active_learning.records import ABSENT, Record, Step, parse_line
from active_learning.strict_json import RecordError
from annotation.models import ImportBatch, ImportedRecord, Label, Labeler, Project, Solution, StepRating
from annotation.models.labels import Origin, Purpose
from annotation.models.problems import Split
from annotation.services.import_problems import ProblemRow, ensure_problems
from annotation.services.import_report import ImportReport
from annotation.services.import_solutions import SolutionRow, ensure_solutions
from annotation.services.record_rules import broken_rule
from annotation.services.sample_lines import Sample

LABELS = UUID("6d1f5a3e-5b0c-4c55-9a6e-2f0d6f8f7c11")
ROWS = 10_000  # of ratings in one statement
OTHER_SPLIT = {
    Split.TRAIN: _("a problem that is in the train split here"),
    Split.TEST: _("a problem that is in the test split here"),
}


@dataclass(frozen=True)
class LabelRow:
    line: str
    hash: bytes
    record: Record
    labeler: UUID

    @cached_property
    def problem(self) -> ProblemRow:
        solution = self.record.pre_generated and self.record.pre_generated.ground_truth_solution
        return ProblemRow(self.record.problem, self.record.ground_truth_answer, solution or "")

    @cached_property
    def sample(self) -> Sample:
        """The solution that was judged: the pre-generated one, or in phase 1 the steps that were chosen.

        Where nothing was chosen or generated, the first option stands for it, so that the label has a solution.
        """
        pre = self.record.pre_generated
        if pre is not None and pre.steps:
            return Sample(pre.steps, pre.answer, score=pre.verifier_score, generator="import")
        steps = tuple(self.record.trajectory()) or (_first_option(self.record),)
        return Sample(steps, extract_answer("\n".join(steps)), generator="import")

    @property
    def given_at(self) -> datetime | None:
        try:
            return datetime.fromisoformat(self.record.timestamp).replace(tzinfo=UTC)
        except ValueError:
            return None


def _first_option(record: Record) -> str:
    return next((one.text for step in record.steps for one in step.completions or ()), "")


def read_label(line: bytes) -> LabelRow:
    """One PRM800K line; raises RecordError."""
    record = parse_line(line)
    try:
        labeler = UUID(record.labeler)
    except ValueError:
        raise RecordError("labeler", "not a UUID") from None
    if not record.problem.strip():
        raise RecordError("question.problem", "the problem is empty")
    if record.total_time < 0:
        raise RecordError("label.total_time", "a time below zero")
    score = record.pre_generated.verifier_score if record.pre_generated else None
    if score is not None and not 0 <= score <= 1:
        raise RecordError("question.pre_generated_verifier_score", f"not between 0 and 1: {score}")
    return LabelRow(line.decode(), hashlib.sha256(line).digest(), record, labeler)


def store_labels(
    *,
    project: Project,
    rows: Sequence[tuple[int, LabelRow]],
    source: str,
    split: str,
    report: ImportReport,
    batch: ImportBatch | None = None,
) -> set[int]:
    """Add the labels whose line is new, with their problems (in this split where they are new) and solutions.

    Returns the solutions of which these labels may disagree with others.
    """
    fresh = _new_rows(project, rows, report)
    wanted = {number: row.problem for number, row in fresh.items()}
    problems = ensure_problems(project=project, rows=wanted, split=split, report=report, batch=batch)
    judged = {number: SolutionRow(problems[row.problem.hash], row.sample) for number, row in fresh.items()}
    solutions, made = ensure_solutions(project=project, rows=list(judged.values()), batch=batch)
    labelers = _ensure_labelers(project, {row.labeler for row in fresh.values()})
    labels = {
        number: _label(project, row, solutions[judged[number].key], labelers[row.labeler])
        for number, row in fresh.items()
    }
    Label.objects.bulk_create(labels.values())
    StepRating.objects.bulk_create(
        (rating for number, row in fresh.items() for rating in _ratings(labels[number], row)), batch_size=ROWS
    )
    own = {"project": project, "source": source, "batch": batch}
    ImportedRecord.objects.bulk_create(
        ImportedRecord(label=labels[number], line=row.line, line_hash=row.hash, number=number, **own)
        for number, row in fresh.items()
    )
    report.created += len(labels)
    report.grades.update(solutions[key].grade for key in made)
    for row in fresh.values():
        report.notes.update(_oddities(row.record))
        if (there := Split(problems[row.problem.hash].split)) != split:
            report.notes[OTHER_SPLIT[there]] += 1
    return {label.solution_id for label in labels.values() if label.phase == 2}


def _new_rows(project: Project, rows: Sequence[tuple[int, LabelRow]], report: ImportReport) -> dict[int, LabelRow]:
    stored = ImportedRecord.objects.filter(project=project, line_hash__in=[row.hash for _, row in rows])
    seen = {bytes(line_hash) for line_hash in stored.values_list("line_hash", flat=True)}
    # An export of this very project brings its own labels back, and what reviewers decided.
    times = [row.given_at for _, row in rows if row.given_at]
    own = Label.objects.filter(project=project, created_at__in=times).exclude(origin=Origin.IMPORT)
    given_here = set(own.values_list("labeler__pseudonym", "created_at"))
    fresh: dict[int, LabelRow] = {}
    for number, row in rows:
        if row.hash in seen or (row.labeler, row.given_at) in given_here:
            report.already_there += 1
        else:
            fresh[number] = row
            seen.add(row.hash)
    return fresh


def _ensure_labelers(project: Project, pseudonyms: set[UUID]) -> dict[UUID, Labeler]:
    known = {one.pseudonym: one for one in Labeler.objects.filter(project=project, pseudonym__in=pseudonyms)}
    made = Labeler.objects.bulk_create(
        Labeler(project=project, pseudonym=pseudonym) for pseudonym in sorted(pseudonyms - known.keys())
    )
    return known | {labeler.pseudonym: labeler for labeler in made}


def _label(project: Project, row: LabelRow, solution: Solution, labeler: Labeler) -> Label:
    return Label(
        id=uuid5(LABELS, f"{project.pk}:{row.hash.hex()}"),
        project=project,
        solution=solution,
        labeler=labeler,
        origin=Origin.IMPORT,
        purpose=_purpose(row.record),
        phase=row.record.phase,
        finish_reason=row.record.finish_reason,
        total_time_ms=row.record.total_time,
        payload_hash=row.hash,
    )


def _purpose(record: Record) -> Purpose:
    if record.is_quality_control_question:
        return Purpose.QUALITY_CONTROL
    return Purpose.SCREENING if record.is_initial_screening_question else Purpose.PRODUCTION


def _ratings(label: Label, row: LabelRow) -> Iterator[StepRating]:
    for place, step in enumerate(row.record.steps):
        own = row.sample.steps[place] if place < len(row.sample.steps) else None
        completions = step.completions or ()
        for option, one in enumerate(completions):
            yield StepRating(
                label=label,
                step=place,
                option=option,
                text=None if one.text == own else one.text,
                rating=one.rating,
                flagged=one.flagged,
                chosen=option == step.chosen_completion,
            )
        if human := step.human_completion:
            yield StepRating(
                label=label,
                step=place,
                option=len(completions),
                text=human.text,
                rating=human.rating,
                flagged=human.flagged,
                chosen=step.chosen_completion is None,
                human=True,
            )


def _oddities(record: Record) -> set[str]:
    """What real files hold though the description of the format does not know it; kept as it is."""
    found = {name for step in record.steps for name, holds in ODDITIES.items() if holds(step)}
    if not any(step.completions or step.human_completion for step in record.steps):
        found.add(_("a label without any step"))
    if rule := broken_rule(record):
        found.add(f"against the rules of the format: {rule}")
    return found


def _corrected(step: Step) -> bool:
    return step.human_completion is not None and step.human_completion.corrected_rating != ABSENT


ODDITIES: dict[str, Callable[[Step], bool]] = {
    _("a step without options"): lambda step: step.completions is None,
    _("an option without a rating"): lambda step: any(one.rating is None for one in step.completions or ()),
    _("a flagged option"): lambda step: any(one.flagged for one in step.completions or ()),
    _("a written step beside a chosen option"): (
        lambda step: step.human_completion is not None and step.chosen_completion is not None
    ),
    _("a corrected rating of a written step"): _corrected,
}
