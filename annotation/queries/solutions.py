"""One solution with what models and people say of each of its steps: for leads and ML staff, never for labelers."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from annotation.models import Gold, Label, Membership, ModelVersion, Project, Slot, Solution, SolutionScore, StepRating
from annotation.models.scoring import ModelState
from annotation.queries import adjudication

SHADES = 10
DEFAULT_THRESHOLD = 0.5  # of models that are older than the choice of one


@dataclass(frozen=True)
class StepOpinion:
    """What a model says of one step: probabilities of each rating, and of its being right."""

    negative: float
    neutral: float
    positive: float
    right: float

    @property
    def percent(self) -> float:
        return round(100 * self.right, 1)

    @property
    def shade(self) -> int:
        """From 0, surely wrong, to SHADES - 1, surely right."""
        return min(SHADES - 1, int(SHADES * self.right))


@dataclass(frozen=True)
class Opinion:
    """What a model says of a solution."""

    version: ModelVersion
    product: float
    minimum: float
    threshold: float
    steps: list[StepOpinion]
    first_error: int | None  # predicted: the place, from 0, of the first step whose P(negative) is above the threshold


@dataclass(frozen=True)
class Rated:
    """How many people gave a step this rating."""

    rating: int
    people: int


@dataclass(frozen=True)
class Step:
    text: str
    opinion: StepOpinion | None
    is_first_error: bool
    is_least: bool
    rated: list[Rated]


@dataclass(frozen=True)
class SolutionPage:
    solution: Solution
    steps: list[Step]
    opinions: list[Opinion]  # newest version first
    shown: Opinion | None
    labels: int
    picks: list[Slot]  # one for each round and reason, however many were to label it
    gold: Gold | None
    is_to_judge: bool  # by whoever looks: what people rated is kept from them until they have

    @property
    def has_ratings(self) -> bool:
        return any(step.rated for step in self.steps)


def solution_of(project: Project, pk: int) -> Solution | None:
    """One query."""
    return Solution.objects.filter(project=project, pk=pk).select_related("problem").first()


def solution_page(solution: Solution, *, by: Membership, version: int | None) -> SolutionPage:
    """With the opinion of this version; of the one in use, or else the newest, where it has none. Eight queries at most."""
    found = opinions(solution)
    shown = _shown(found, version)
    is_to_judge = solution.pk in adjudication.to_judge_blind(by, [solution.pk])
    ratings: Counter[tuple[int, int]] = Counter() if is_to_judge else _ratings(solution)
    return SolutionPage(
        solution=solution,
        steps=[_step(place, text, shown, ratings) for place, text in enumerate(solution.steps)],
        opinions=found,
        shown=shown,
        labels=Label.objects.current().filter(solution=solution).count(),
        picks=_picks(solution),
        gold=Gold.objects.filter(solution=solution).first(),
        is_to_judge=is_to_judge,
    )


def _picks(solution: Solution) -> list[Slot]:
    slots = Slot.objects.filter(solution=solution).select_related("round").order_by("-pk")
    return list({(slot.round_id, slot.arm): slot for slot in slots}.values())[::-1]


def opinions(solution: Solution) -> list[Opinion]:
    """Of all models that scored it, newest first. One query."""
    found = SolutionScore.objects.filter(solution=solution).select_related("version").order_by("-version")
    return [_opinion(one) for one in found]


def _shown(found: Sequence[Opinion], version: int | None) -> Opinion | None:
    asked = [one for one in found if one.version.pk == version]
    in_use = [one for one in found if one.version.state == ModelState.ACTIVE]
    return next(iter([*asked, *in_use, *found]), None)


def _opinion(score: SolutionScore) -> Opinion:
    found = score.version.metrics.get("threshold")
    threshold = DEFAULT_THRESHOLD if found is None else found
    is_right_if_neutral = score.version.config.get("neutral", "positive") == "positive"
    steps = [_step_opinion(triple, is_right_if_neutral) for triple in score.probabilities]
    wrong = (place for place, step in enumerate(steps) if step.negative > threshold)
    return Opinion(score.version, score.product, score.minimum, threshold, steps, next(wrong, None))


def _step_opinion(triple: Sequence[float], is_right_if_neutral: bool) -> StepOpinion:
    """As active_learning/score.py reads it; single-precision probabilities may add up to a little more than one."""
    negative, neutral, positive = triple
    return StepOpinion(negative, neutral, positive, min(1.0, positive + (neutral if is_right_if_neutral else 0.0)))


def _ratings(solution: Solution) -> Counter[tuple[int, int]]:
    """How many current labels give one of the solution's own steps a rating, by (step, rating). One query."""
    current = Label.objects.current().filter(solution=solution)
    own = StepRating.objects.filter(label__in=current, text__isnull=True, rating__isnull=False)
    return Counter((step, rating) for step, rating in own.values_list("step", "rating") if rating is not None)


def _step(place: int, text: str, shown: Opinion | None, ratings: Counter[tuple[int, int]]) -> Step:
    opinion = shown.steps[place] if shown and place < len(shown.steps) else None
    return Step(
        text=text,
        opinion=opinion,
        is_first_error=shown is not None and shown.first_error == place,
        is_least=opinion is not None and shown is not None and opinion is min(shown.steps, key=lambda one: one.right),
        rated=[Rated(rating, ratings[place, rating]) for rating in (1, 0, -1) if ratings[place, rating]],
    )
