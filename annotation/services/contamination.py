"""Whether training texts hold what is held out: 13 words in a row, LaTeX stripped (Lightman et al. 2023, App. A)."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from annotation.models import Problem, Project, Solution
from annotation.models.problems import Split

WORDS = 13
LATEX = re.compile(r"\\(?:begin|end)\{[a-zA-Z*]*\}|\\[a-zA-Z]+|\[/?asy\]")
WORD = re.compile(r"[^\W_]+")


@dataclass(frozen=True)
class Shared:
    """What a training text has in common with a held-out problem."""

    text: str  # which training text
    problem: str  # which held-out problem
    words: str


class HeldOut:
    """The runs of 13 words of held-out problems. A problem of fewer words has none, and is not found.

    Of a run only its hash is kept, 64 bits that differ from process to process: a thousand books full of runs would not
    make two alike by chance.
    """

    def __init__(self, problems: Iterable[tuple[str, str]] = ()) -> None:
        self._runs: dict[int, str] = {}
        self._vocabulary: set[str] = set()
        for name, text in problems:
            self.add(name, text)

    @classmethod
    def of_project(cls, project: Project) -> "HeldOut":
        """One query."""
        held_out = Problem.objects.filter(project=project, split=Split.TEST).order_by("pk")
        return cls(
            (unique_id or f"problem {pk}", text)
            for pk, unique_id, text in held_out.values_list("pk", "unique_id", "text").iterator()
        )

    def add(self, name: str, text: str) -> None:
        words = words_of(text)
        self._vocabulary.update(words)
        for place in range(len(words) - WORDS + 1):
            self._runs.setdefault(hash(tuple(words[place : place + WORDS])), name)

    def find(self, text: str) -> tuple[str, str] | None:
        """The first run of this text that is in a held-out problem: the problem's name, and the words."""
        if not self._runs:
            return None
        words = words_of(text)
        known = 0  # words up to here that stand in some held-out problem: only after 13 of them is there a look
        for place, word in enumerate(words):
            known = known + 1 if word in self._vocabulary else 0
            if known >= WORDS and (name := self._runs.get(hash(run := tuple(words[place - WORDS + 1 : place + 1])))):
                return name, " ".join(run)
        return None


def words_of(text: str) -> list[str]:
    """Lower-case words and numbers, without LaTeX's commands and signs."""
    return WORD.findall(LATEX.sub(" ", text).lower())


def shared_in_project(project: Project) -> Iterator[Shared]:
    """Training texts of the project that share a run with one of its held-out problems, each with the first one.

    The texts: problems, their reference solutions, and all solutions in the pool. Three queries, read in a stream.
    """
    held_out = HeldOut.of_project(project)
    for name, text in _training_texts(project):
        if found := held_out.find(text):
            yield Shared(name, *found)


def _training_texts(project: Project) -> Iterator[tuple[str, str]]:
    problems = Problem.objects.filter(project=project, split=Split.TRAIN).order_by("pk")
    for pk, unique_id, text, solution in problems.values_list(
        "pk", "unique_id", "text", "reference_solution"
    ).iterator():
        name = f"problem {unique_id or pk}"
        yield name, text
        yield f"reference solution of {name}", solution
    solutions = Solution.objects.filter(project=project, problem__split=Split.TRAIN).order_by("pk")
    for pk, steps in solutions.values_list("pk", "steps").iterator():
        yield f"solution {pk}", "\n".join(steps)
