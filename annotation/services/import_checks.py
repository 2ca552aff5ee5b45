"""What a person should look at before a file is imported: its lines can be read, but something in them is doubtful."""

import re
from collections.abc import Callable, Collection, Iterable, Iterator
from typing import Any, NamedTuple

from django.utils.translation import gettext_noop as _

from active_learning.strict_json import RecordError, load_json
from annotation.models import Problem, Project
from annotation.models.problems import Split
from annotation.services import maths_check
from annotation.services.contamination import HeldOut
from annotation.services.import_labels import LabelRow
from annotation.services.import_layouts import layout_of
from annotation.services.import_problems import ProblemRow, read_problem
from annotation.services.import_report import ImportReport
from annotation.services.sample_lines import Sample

FIGURE = re.compile(
    r"\[asy\]|\\includegraphics|\b(?:figure|diagram|picture|graph) (?:above|below|shown)\b"
    r"|\b(?:shown|pictured) (?:above|below)\b|\bin the (?:figure|diagram|picture)\b",
    re.IGNORECASE,
)
ANOTHER_LAYOUT = _("another layout")
MATHS = _("maths that cannot be typeset")
MISSING_FIGURE = _("a figure that is not here")
NO_ANSWER = _("no answer, so that solutions cannot be graded")
NO_FINAL_ANSWER = _("no final answer, so that no round ever chooses it")
SAME_PROBLEM = _("the same problem again in this file")
HELD_OUT_ID = _("the unique id of a held-out problem")
HELD_OUT_WORDS = _("13 words in a row of a held-out problem")
OF_HELD_OUT = _("of a held-out problem, so that it is never queued")
KINDS = (
    MATHS,
    MISSING_FIGURE,
    NO_ANSWER,
    NO_FINAL_ANSWER,
    SAME_PROBLEM,
    HELD_OUT_ID,
    HELD_OUT_WORDS,
    OF_HELD_OUT,
)


class Doubt(NamedTuple):
    path: str
    kind: str
    detail: str = ""


class Checks:
    """Looks at each line of one file. `split` is where problems go that name none and are not there yet; `ahead` gives all
    lines once more where they are problems: those that the file holds out itself may stand behind those for training.
    Lines with a doubt of a kind in `leave_out` are not taken."""

    def __init__(
        self,
        project: Project,
        split: str | None,
        ahead: Callable[[], Iterable[bytes]] | None = None,
        leave_out: Collection[str] = (),
    ) -> None:
        self._project, self._split, self._ahead, self._leave_out = project, split, ahead, leave_out
        self._held_out = HeldOut()
        self._test_hashes: set[bytes] = set()
        self._test_ids: set[str] = set()
        self._seen: dict[bytes, list[Doubt]] = {}  # what is doubtful in the text of each problem of the file

    def begin(self) -> None:
        """Before the first line: what the project holds out. Two queries."""
        self._held_out = HeldOut.of_project(self._project)
        test = Problem.objects.filter(project=self._project, split=Split.TEST)
        rows = list(test.values_list("content_hash", "unique_id"))
        self._test_hashes = {bytes(content) for content, _ in rows}
        self._test_ids = {unique_id for _, unique_id in rows} - {""}

    def _read_ahead(self) -> None:
        """At the first problem for training: a file of held-out problems alone is not kept in memory."""
        ahead, self._ahead = self._ahead, None
        for line in ahead() if ahead else ():
            try:
                row = read_problem(line, split=self._split or Split.TRAIN)
            except RecordError:
                continue
            if row.split == Split.TEST:
                self._held_out.add(row.unique_id or f"“{row.text[:40]}…”", row.text)

    def look(self, number: int, line: bytes, row: Any, report: ImportReport) -> bool:
        """What importing.Course wants."""
        layout = layout_of(load_json(line))
        report.layouts[layout.name if layout else ANOTHER_LAYOUT] += 1
        report.look_at(number)
        again = self._of_known_problems(row)
        for path, kind, detail in self._doubts(row):
            report.doubt(number, path, kind, detail)
        for kind in again:
            report.doubt_again(number, kind)
        is_wanted = report.doubts_of(number).isdisjoint(self._leave_out)
        report.left_out += not is_wanted
        return is_wanted

    def _of_known_problems(self, row: Any) -> set[str]:
        """Kinds of doubt that were told at the first solution of its problem, and hold for this line too."""
        if isinstance(row, ProblemRow):
            return set()
        problems = [row.problem] if isinstance(row, LabelRow) else [one.problem for one in row if one.problem]
        return {doubt.kind for problem in problems for doubt in self._seen.get(problem.hash, ())}

    def _doubts(self, row: Any) -> Iterator[Doubt]:
        if isinstance(row, ProblemRow):
            yield from self._of_problem(row)
        elif isinstance(row, LabelRow):
            yield from self._of_sample(row.sample, row.problem)
        else:
            for sample in row:
                yield from self._of_sample(sample, sample.problem)
                if sample.answer is None:
                    yield Doubt("steps", NO_FINAL_ANSWER)

    def _of_problem(self, row: ProblemRow) -> Iterator[Doubt]:
        if row.hash in self._seen:
            yield Doubt("problem", SAME_PROBLEM)
        self._seen[row.hash] = []
        # All of it also of one that is there twice: the other one may be left out.
        yield from _of_text("problem", row.text)
        if row.answer is None:
            yield Doubt("answer", NO_ANSWER)
        if row.split == Split.TRAIN:
            self._read_ahead()
            yield from self._leaks(row.unique_id, [("problem", row.text), ("solution", row.reference_solution)])

    def _of_sample(self, sample: Sample, problem: ProblemRow | None) -> Iterator[Doubt]:
        if sample.unique_id in self._test_ids or (problem and problem.hash in self._test_hashes):
            yield Doubt("problem", OF_HELD_OUT)
            return
        if problem and self._split and problem.hash not in self._seen:
            self._seen[problem.hash] = list(self._of_new_problem(problem))
            yield from self._seen[problem.hash]
        for place, step in enumerate(sample.steps):
            yield from _of_text(f"steps[{place}]", step)
        yield from self._leaks("", [("steps", "\n".join(sample.steps))])

    def _of_new_problem(self, problem: ProblemRow) -> Iterator[Doubt]:
        yield from _of_text("problem", problem.text)
        if self._split == Split.TRAIN:
            yield from self._leaks("", [("problem", problem.text)])

    def _leaks(self, unique_id: str, texts: Iterable[tuple[str, str]]) -> Iterator[Doubt]:
        if unique_id in self._test_ids:
            yield Doubt("unique_id", HELD_OUT_ID, unique_id)
        for path, text in texts:
            if found := self._held_out.find(text):
                name, words = found
                yield Doubt(path, HELD_OUT_WORDS, f"{name}: {words}")


def _of_text(path: str, text: str) -> Iterator[Doubt]:
    for fault in maths_check.faults(text):
        yield Doubt(path, MATHS, fault)
    if figure := FIGURE.search(text):
        yield Doubt(path, MISSING_FIGURE, figure[0])
