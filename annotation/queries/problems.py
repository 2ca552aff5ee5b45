"""The problems of a project: found by id or words, and one with its answer, its solutions and how its answer changed."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.core.paginator import Page, Paginator
from django.db.models import Count, Q, QuerySet

from annotation.models import Dispute, Gold, Job, Label, Problem, Project, Slot, Solution, TruthChange, UngradedAnswer
from annotation.models.jobs import FINISHED, JobKind
from annotation.models.labels import FinishReason
from annotation.models.problems import Grade
from annotation.models.slots import SlotState
from annotation.queries import jobs as job_words

ROWS_ON_A_PAGE = 50
LONGEST_SEARCH = 200  # characters
# Problems are counted to here: beyond it nobody turns pages, and counting all of a million takes longer than a page may.
MOST_COUNTED = 10_000


@dataclass(frozen=True)
class Grading:
    """What waits for a verdict in the whole project, and the job that gives it."""

    pending: int
    job: Job | None  # running or waiting; else the one that failed last
    note: str
    pace: str

    @property
    def is_running(self) -> bool:
        return self.job is not None and self.job.state not in FINISHED


@dataclass(frozen=True)
class Row:
    problem: Problem
    solutions: int
    wrong: int


@dataclass(frozen=True)
class ProblemsPage:
    search: str
    rows: "Page[int]"  # ids
    listed: list[Row]
    is_cut: bool  # there are more than are counted
    grading: Grading | None


@dataclass(frozen=True)
class SolutionRow:
    solution: Solution
    labels: int
    is_waiting: bool  # in the queue
    gold: Gold | None


@dataclass(frozen=True)
class ProblemPage:
    problem: Problem
    solutions: "Page[Solution]"
    listed: list[SolutionRow]
    grades: list[tuple[Grade, int]]
    changes: list[TruthChange]
    disputes: int
    reports: int  # labelers who call it bad
    grading: Grading | None


def problems_page(project: Project, *, search: str, page: str | None, now: datetime) -> ProblemsPage:
    """Six queries at most. Words are looked for in the text, an id as it begins."""
    search = search.strip()[:LONGEST_SEARCH]
    ids = list(found(project, search).values_list("pk", flat=True)[: MOST_COUNTED + 1])
    rows = Paginator(ids[:MOST_COUNTED], ROWS_ON_A_PAGE).get_page(page)
    problems = Problem.objects.in_bulk(list(rows))
    return ProblemsPage(
        search=search,
        rows=rows,
        listed=_listed([problems[pk] for pk in rows]),
        is_cut=len(ids) > MOST_COUNTED,
        grading=grading(project, now=now),
    )


def found(project: Project, search: str) -> QuerySet[Problem]:
    """Words are looked for in the text, an id as it begins; a number may be the problem's own."""
    problems = Problem.objects.filter(project=project).order_by("pk")
    if not search:
        return problems
    by_number = Q(pk=int(search)) if search.isascii() and search.isdigit() and len(search) < 19 else Q()
    return problems.filter(Q(unique_id__startswith=search) | Q(text__icontains=search) | by_number)


def _listed(problems: Sequence[Problem]) -> list[Row]:
    found = Solution.objects.filter(problem__in=problems).order_by().values_list("problem")
    numbers = found.annotate(all=Count("pk"), wrong=Count("pk", filter=Q(grade=Grade.WRONG)))
    by_problem = {problem: (all_, wrong) for problem, all_, wrong in numbers}
    return [Row(one, *by_problem.get(one.pk, (0, 0))) for one in problems]


def problem_page(project: Project, *, pk: int, page: str | None, now: datetime) -> ProblemPage | None:
    """Thirteen queries at most; None where the project has no such problem."""
    problem = Problem.objects.filter(project=project, pk=pk).first()
    if problem is None:
        return None
    all_ = Solution.objects.filter(problem=problem)
    solutions = Paginator(all_.select_related("gold").order_by("pk"), ROWS_ON_A_PAGE).get_page(page)
    bad = Label.objects.current().filter(project=project, finish_reason=FinishReason.BAD_PROBLEM)
    grades = all_.order_by("grade").values_list("grade").annotate(number=Count("pk"))
    return ProblemPage(
        problem=problem,
        solutions=solutions,
        listed=_solution_rows(list(solutions)),
        grades=[(Grade(grade), number) for grade, number in grades],
        changes=list(TruthChange.objects.filter(problem=problem).select_related("by").order_by("-at", "-pk")),
        disputes=Dispute.objects.open().filter(label__solution__problem=problem).count(),
        reports=bad.filter(solution__problem=problem).values("labeler").distinct().count(),
        grading=grading(project, now=now),
    )


def _solution_rows(solutions: Sequence[Solution]) -> list[SolutionRow]:
    labels = Label.objects.current().filter(solution__in=solutions).order_by().values_list("solution")
    numbers = dict(labels.annotate(number=Count("pk")))
    slots = Slot.objects.filter(solution__in=solutions, state__in=[SlotState.READY, SlotState.LEASED])
    waiting = set(slots.values_list("solution", flat=True))
    return [
        SolutionRow(one, numbers.get(one.pk, 0), one.pk in waiting, getattr(one, "gold", None)) for one in solutions
    ]


def grading(project: Project, *, now: datetime) -> Grading | None:
    """None while nothing is pending and nobody grades. Four queries at most."""
    jobs = Job.objects.filter(project=project, kind=JobKind.GRADING)
    job = jobs.order_by("-pk").first()
    is_running = job is not None and job.state not in FINISHED
    pending = Solution.objects.filter(project=project, grade=Grade.PENDING).count()
    pending += UngradedAnswer.objects.filter(project=project).count()
    if not is_running and not pending:
        return None
    note, pace = (job_words.note(job, now=now), job_words.pace(job, now=now)) if job else ("", "")
    return Grading(pending, job, note, pace)
