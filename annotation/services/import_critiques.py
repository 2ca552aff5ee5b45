"""Explanations of mistakes, which come in with the solutions that they are about."""

from collections import defaultdict
from collections.abc import Iterable, Mapping

from annotation.models import Critique, Project
from annotation.services.sample_lines import CritiqueRow

Step = tuple[int, int]  # solution id, step


def store_critiques(*, project: Project, wanted: Iterable[tuple[int, CritiqueRow]]) -> int:
    """Add critiques, each with the id of its solution, to those that are there; the same text once for each step.

    Returns how many are new.
    """
    rows: dict[Step, dict[str, CritiqueRow]] = defaultdict(dict)
    for solution, row in wanted:
        rows[solution, row.step].setdefault(row.text, row)
    known = _known({solution for solution, _ in rows})
    made = [
        Critique(project=project, solution_id=solution, step=step, place=place, text=row.text, source=row.source)
        for (solution, step), by_text in rows.items()
        for place, row in enumerate(_new(by_text, known[solution, step]), len(known[solution, step]))
    ]
    Critique.objects.bulk_create(made)
    return len(made)


def _new(by_text: Mapping[str, CritiqueRow], known: set[str]) -> list[CritiqueRow]:
    return [row for text, row in by_text.items() if text not in known]


def _known(solutions: set[int]) -> defaultdict[Step, set[str]]:
    texts: defaultdict[Step, set[str]] = defaultdict(set)
    for solution, step, text in Critique.objects.filter(solution__in=solutions).values_list("solution", "step", "text"):
        texts[solution, step].add(text)
    return texts
