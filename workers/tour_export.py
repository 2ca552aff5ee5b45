"""Whether an export says what the database says: compared row by row with plain SQL, and imported once more."""

from collections import Counter
from collections.abc import Collection, Iterator
from pathlib import Path

from active_learning.records import Record, parse_line
from workers.tour_site import Site, TourFailed

LABELS = """
SELECT labeler.pseudonym::text, problem.text, solution.steps, label.finish_reason, label.total_time_ms,
       array(SELECT rating.rating FROM annotation_steprating rating WHERE rating.label_id = label.id
             ORDER BY rating.step, rating.option)
FROM annotation_label label
JOIN annotation_project project ON project.id = label.project_id
JOIN annotation_labeler labeler ON labeler.id = label.labeler_id
JOIN annotation_solution solution ON solution.id = label.solution_id
JOIN annotation_problem problem ON problem.id = solution.problem_id
WHERE project.slug = %s AND label.finish_reason = ANY(%s)
"""
# What a model may learn from, as far as a tour makes labels: nobody is late, corrected or screened in it.
FINISHED = ("found_error", "solution")
EVERY_END = (*FINISHED, "give_up", "bad_problem")

# Labeler, problem, steps, finish reason, time, ratings: what one label says.
Judgement = tuple[str, str, tuple[str, ...], str, int, tuple[int | None, ...]]


def check_export(site: Site, slug: str) -> str:
    """Export both views, compare them with the database, import the raw one elsewhere; gives a line for the report.

    Raises TourFailed.
    """
    raw, training = (_export(site, slug, view) for view in ("raw", "training"))
    stored = in_database(site, slug, EVERY_END)
    require_equal(in_files(raw), stored, f"the raw export of {slug} and the database")
    learned = in_files(training)
    require_equal(learned, in_database(site, slug, FINISHED), f"the training export of {slug} and the database")
    copy = f"{slug}-copy"
    site.manage("createproject", copy)
    site.manage("import_labels", "--project", copy, *sorted(raw.glob("phase*.jsonl")))
    require_equal(in_database(site, copy, EVERY_END), stored, f"the labels of {copy} and of {slug}")
    return f"{stored.total()} raw and {learned.total()} training lines as in the database; {copy} got all labels"


def in_files(folder: Path) -> Counter[Judgement]:
    return Counter(_judgement(parse_line(line)) for line in _lines(folder))


def in_database(site: Site, slug: str, finish_reasons: Collection[str]) -> Counter[Judgement]:
    rows = site.rows(LABELS, slug, list(finish_reasons))
    return Counter(
        (labeler, problem, tuple(steps), end, time, tuple(ratings))
        for labeler, problem, steps, end, time, ratings in rows
    )


def require_equal(left: Counter[Judgement], right: Counter[Judgement], what: str) -> None:
    """Raises TourFailed."""
    if left != right:
        only_left, only_right = left - right, right - left
        example = next(iter(only_left or only_right))
        counts = f"{only_left.total()} labels are only in the first, {only_right.total()} only in the second"
        raise TourFailed(f"Not equal: {what}: {counts}, such as {example}")
    if not left:
        raise TourFailed(f"Nothing to compare: {what} are both empty.")


def _export(site: Site, slug: str, view: str) -> Path:
    folder = site.folder / slug / view
    site.manage("export_labels", "--project", slug, "--view", view, "--out", folder)
    return folder


def _lines(folder: Path) -> Iterator[bytes]:
    for file in sorted(folder.glob("phase*.jsonl")):
        with file.open("rb") as lines:
            yield from lines


def _judgement(record: Record) -> Judgement:
    assert record.pre_generated is not None, "a tour is of phase 2"
    ratings = tuple(one.rating for step in record.steps for one in step.completions or ())
    steps = record.pre_generated.steps
    return record.labeler, record.problem, steps, record.finish_reason, record.total_time, ratings
