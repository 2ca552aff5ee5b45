"""Where a project stands: the first page of project leads."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from django.db.models import Q
from django.db.models.functions import Now, TruncDay

from annotation.models import Label, Project, Round, Slot
from annotation.models.labels import Origin, Purpose
from annotation.models.rounds import RoundState
from annotation.models.slots import SlotState
from annotation.queries import tallies
from annotation.queries.forecast import Forecast, forecast
from annotation.queries.tallies import Cell, Stock, Sums, share
from annotation.queries.troubles import Trouble, troubles_beside

DAYS = 28
WINDOWS = [7, DAYS, 90]  # days of the chart and the forecast that can be asked for


@dataclass(frozen=True)
class Balance:
    """What labels are made of, as in Lightman et al. 2023, Table 3. Shares are None where there is nothing to share."""

    labels: int = 0
    wrong_answers: int = 0
    found_errors: int = 0
    rated_steps: int = 0
    good_steps: int = 0  # rated neutral or positive

    @classmethod
    def of(cls, sums: Sums) -> "Balance":
        return cls(sums.labels, sums.wrong_answers, sums.found_errors, sums.rated_steps, sums.good_steps)

    @property
    def wrong_answer_share(self) -> float | None:
        return share(self.wrong_answers, self.labels)

    @property
    def found_error_share(self) -> float | None:
        return share(self.found_errors, self.labels)

    @property
    def good_step_share(self) -> float | None:
        return share(self.good_steps, self.rated_steps)


@dataclass(frozen=True)
class RoundStanding:
    number: int
    finished_at: datetime | None
    queued: int
    labelled: int
    remaining: int  # waiting or in somebody's hands
    replaced: int  # waited when the next round came
    balance: Balance
    labels_an_hour: float | None  # of active time


@dataclass(frozen=True)
class Moment:
    """What changes while one looks."""

    waiting: int
    leased: int
    labels_today: int
    running_round: int | None


@dataclass(frozen=True)
class Standing:
    moment: Moment
    urgent: list[Trouble]
    as_of: datetime | None  # of all below, where a project is too large to be added up at every look
    stock: Stock
    rounds: list[RoundStanding]  # newest first
    imported: Balance
    decided: Balance  # by reviewers, where labelers disagreed
    total: Balance
    days: list[tuple[date, int]]  # labels given each day, UTC, oldest first
    forecast: Forecast

    @property
    def is_new(self) -> bool:
        return not self.stock.solutions

    @property
    def stands_still(self) -> bool:
        return not all(trouble.is_question for trouble in self.urgent)

    @property
    def most_in_a_day(self) -> int:
        return max(labels for _, labels in self.days)


def moment(project: Project) -> Moment:
    """Four queries, each from an index that is small: this is asked every two seconds."""
    slots = Slot.objects.in_queue().filter(project=project)
    running = Round.objects.filter(project=project, state=RoundState.RUNNING)
    given = Label.objects.filter(project=project, origin=Origin.LABELER, supersedes__isnull=True)
    return Moment(
        waiting=slots.filter(Q(state=SlotState.READY) | Q(prefetched=True)).count(),
        leased=slots.filter(state=SlotState.LEASED, prefetched=False).count(),
        labels_today=given.filter(created_at__gte=TruncDay(Now())).count(),
        running_round=running.values_list("number", flat=True).first(),
    )


def standing(project: Project, *, now: datetime, window: int = DAYS) -> Standing:
    """Twenty-three queries, however many rounds there are; twenty of a large project; one more where work waits."""
    today = now.astimezone(UTC).date()
    run = tallies.run_of(project)
    stock = tallies.stock(project, run)
    cells = tallies.cells(project, run, by=["origin", "purpose", "round_id", "day"])
    production = [cell for cell in cells if cell.purpose == Purpose.PRODUCTION]
    here = [cell for cell in cells if cell.origin == Origin.LABELER]
    at_once = moment(project)
    return Standing(
        moment=at_once,
        urgent=[one for one in troubles_beside(project, run, now=now) if one.is_urgent],
        as_of=run.as_of if run else None,
        stock=stock,
        rounds=_rounds(project, stock, production),
        imported=_balance(production, Origin.IMPORT),
        decided=_balance(production, Origin.REVIEWER),
        total=Balance.of(tallies.total(production)),
        days=_days(here, until=today, window=window),
        forecast=forecast(
            project,
            remaining=at_once.waiting + at_once.leased,
            days=_days(
                [cell for cell in here if cell.purpose == Purpose.PRODUCTION],
                until=today - timedelta(days=1),
                window=window,
            ),
            spent_ms=tallies.total(here).active_ms,
        ),
    )


def _rounds(project: Project, stock: Stock, production: Sequence[Cell]) -> list[RoundStanding]:
    cells: dict[int | None, list[Cell]] = {}
    for cell in production:
        cells.setdefault(cell.round_id, []).append(cell)
    sums = {round_id: tallies.total(own) for round_id, own in cells.items()}
    found = Round.objects.filter(project=project, state=RoundState.DONE).order_by("-number")
    return [_standing_of(one, stock.slots.get(one.pk, {}), sums.get(one.pk, Sums())) for one in found]


def _standing_of(round_: Round, states: dict[str, int], sums: Sums) -> RoundStanding:
    return RoundStanding(
        number=round_.number,
        finished_at=round_.finished_at,
        queued=sum(states.values()),
        labelled=states.get(SlotState.DONE, 0),
        remaining=states.get(SlotState.READY, 0) + states.get(SlotState.LEASED, 0),
        replaced=states.get(SlotState.VOID, 0),
        balance=Balance.of(sums),
        labels_an_hour=sums.labels_an_hour,
    )


def _balance(production: Sequence[Cell], origin: Origin) -> Balance:
    return Balance.of(tallies.total([cell for cell in production if cell.origin == origin]))


def _days(cells: Sequence[Cell], *, until: date, window: int) -> list[tuple[date, int]]:
    """Labels given on each of `window` days, as work done: a correction is not another one."""
    counts: dict[date | None, int] = {}
    for cell in cells:
        counts[cell.day] = counts.get(cell.day, 0) + cell.sums.given
    days = [until - timedelta(days=back) for back in range(window - 1, -1, -1)]
    return [(day, counts.get(day, 0)) for day in days]
