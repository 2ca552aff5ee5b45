"""Problems from MATH-style and GSM8K-style lines."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from django.utils.translation import gettext_noop as _

from active_learning.grading import extract_answer
from active_learning.strict_json import Fields, RecordError, load_json
from annotation.models import ImportBatch, Problem, Project
from annotation.models.problems import Split
from annotation.services.content import problem_hash
from annotation.services.import_report import ImportReport

GSM8K_ANSWER = re.compile(r"\n#### *(.+)\s*\Z")
LEVEL = re.compile(r"(?:Level )?(\d{1,4})")


@dataclass(frozen=True)
class ProblemRow:
    text: str
    answer: str | None = None
    reference_solution: str = ""
    subject: str = ""
    level: int | None = None
    unique_id: str = ""
    split: str = Split.TRAIN
    notes: tuple[str, ...] = ()

    @cached_property
    def hash(self) -> bytes:
        return problem_hash(self.text)


def read_problem(line: bytes, *, split: str) -> ProblemRow:
    """One line of MATH, of PRM800K's math_splits or of GSM8K; its own split wins over the given one.

    Raises RecordError.
    """
    fields = Fields(load_json(line))
    answer, solution = _answer_and_solution(fields)
    level = level_of(fields)
    return ProblemRow(
        text=problem_text(fields),
        answer=answer,
        reference_solution=solution,
        subject=subject_of(fields),
        level=level,
        unique_id=short_text(fields, "unique_id", 200),
        split=_split(fields, split),
        notes=(_("no level known"),) if level is None and "level" in fields.value else (),
    )


def problem_text(fields: Fields) -> str:
    key = "problem" if "problem" in fields.value else "question"
    if key not in fields.value:
        raise RecordError("problem", "the key is missing (and there is no question either)")
    text: str = fields.take(key, str)
    if not text.strip():
        raise RecordError(fields.at(key), "the problem is empty")
    return text


def text_or_number(fields: Fields, *keys: str) -> str | None:
    """The first of these keys that is there, as text; an int may stand for its digits."""
    for key in keys:
        if fields.value.get(key) is not None:
            return str(fields.take(key, str, int))
    return None


def _answer_and_solution(fields: Fields) -> tuple[str | None, str]:
    answer = text_or_number(fields, "answer", "boxed_answer")
    solution: str = fields.optional("solution", None, str, None) or ""
    if answer is not None and not solution and (gsm8k := GSM8K_ANSWER.search(answer)):
        return gsm8k[1].strip(), answer[: gsm8k.start()]
    return (extract_answer(solution) if answer is None else answer), solution


def subject_of(fields: Fields) -> str:
    """MATH calls it type."""
    return short_text(fields, "subject" if "subject" in fields.value else "type", 100)


def level_of(fields: Fields) -> int | None:
    """1 to 5 in MATH, as a number or as "Level 3"; "Level ?" is none."""
    value: Any = fields.optional("level", None, str, int, None)
    found = LEVEL.fullmatch(str(value))
    return int(found[1]) if found else None


def short_text(fields: Fields, key: str, longest: int) -> str:
    """Nothing where the key is missing. Raises RecordError where it holds more than the database takes."""
    text: str = fields.optional(key, None, str, None) or ""
    if len(text) > longest:
        raise RecordError(fields.at(key), f"longer than {longest} characters")
    return text


def _split(fields: Fields, default: str) -> str:
    key = "split" if "split" in fields.value else "prm800k_split"
    split: str = fields.optional(key, default, str)
    if split not in Split.values:
        raise RecordError(fields.at(key), f"{split!r} is none of {', '.join(Split.values)}")
    return split


# Storing ------------------------------------------------------------------------------------------------------------


def store_problems(
    *, project: Project, rows: Mapping[int, ProblemRow], report: ImportReport, batch: ImportBatch | None = None
) -> None:
    """Add the problems whose text is new; `rows` by line number."""
    before = known_problems(project, [row.hash for row in rows.values()])
    fresh = _new_rows(project, rows, before, report)
    Problem.objects.bulk_create(_problem(project, row, batch) for row in fresh.values())
    report.created += len(fresh)


def ensure_problems(
    *,
    project: Project,
    rows: Mapping[int, ProblemRow],
    split: str,
    report: ImportReport,
    batch: ImportBatch | None = None,
) -> dict[bytes, Problem]:
    """The problems of these rows by content hash, made in this split where they are new."""
    known = known_problems(project, [row.hash for row in rows.values()])
    taken = _taken_ids(project, rows.values())
    fresh: dict[bytes, ProblemRow] = {}
    for row in rows.values():
        if row.hash not in known and row.hash not in fresh:
            # Its text tells a problem; of two that go by one unique id the first keeps it.
            unique_id = "" if row.unique_id in taken else row.unique_id
            fresh[row.hash] = replace(row, split=split, unique_id=unique_id)
            taken.add(unique_id)
    made = Problem.objects.bulk_create(_problem(project, row, batch) for row in fresh.values())
    report.problems_created += len(made)
    return known | {bytes(problem.content_hash): problem for problem in made}


def known_problems(project: Project, hashes: list[bytes]) -> dict[bytes, Problem]:
    # The reference solution is compared (KEPT): deferred, it would be a query of its own for each problem.
    found = Problem.objects.filter(project=project, content_hash__in=hashes).defer("text")
    return {bytes(problem.content_hash): problem for problem in found}


def _new_rows(
    project: Project, rows: Mapping[int, ProblemRow], before: dict[bytes, Problem], report: ImportReport
) -> dict[bytes, ProblemRow]:
    taken = _taken_ids(project, rows.values())
    fresh: dict[bytes, ProblemRow] = {}
    for number, row in rows.items():
        if earlier := before.get(row.hash) or fresh.get(row.hash):
            report.already_there += 1
            report.notes.update(_differences(earlier, row))
        elif row.unique_id in taken:
            report.refuse(number, RecordError("unique_id", f"{row.unique_id!r} is the name of another problem"))
        else:
            fresh[row.hash] = row
            taken |= {row.unique_id} - {""}
            report.notes.update(row.notes)
    return fresh


def _taken_ids(project: Project, rows: Iterable[ProblemRow]) -> set[str]:
    wanted = {row.unique_id for row in rows} - {""}
    if not wanted:
        return set()
    return set(Problem.objects.filter(project=project, unique_id__in=wanted).values_list("unique_id", flat=True))


KEPT = {
    "unique_id": _("already there with another unique id, which was kept"),
    "answer": _("already there with another answer, which was kept"),
    "split": _("already there with another split, which was kept"),
    "reference_solution": _("already there with another reference solution, which was kept"),
}


def _differences(there: Problem | ProblemRow, row: ProblemRow) -> list[str]:
    """What a line says otherwise; a line that says nothing of it does not."""
    told = {name: note for name, note in KEPT.items() if getattr(row, name) not in (None, "")}
    return [note for name, note in told.items() if getattr(there, name) != getattr(row, name)]


def _problem(project: Project, row: ProblemRow, batch: ImportBatch | None) -> Problem:
    return Problem(
        project=project,
        batch=batch,
        text=row.text,
        answer=row.answer,
        reference_solution=row.reference_solution,
        subject=row.subject,
        level=row.level,
        unique_id=row.unique_id,
        split=row.split,
        content_hash=row.hash,
    )
