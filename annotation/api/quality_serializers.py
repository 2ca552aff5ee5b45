"""Known solutions, disagreements, doubts, problems."""

from typing import Any, cast

from rest_framework import serializers

from annotation.api.serializers import DAY_MS, RatingSerializer
from annotation.models import StepRating
from annotation.models.quality import GoldKind
from annotation.queries.adjudication import SAY_SOMETHING, Show
from annotation.queries.gold import Shelf
from annotation.queries.reports import Kind, ReportsPage
from annotation.services.judgements import Judgement, Rating


class PageQuerySerializer(serializers.Serializer[Any]):
    page = serializers.CharField(default=None)  # a number that there is none of is the page nearest to it


class PageSerializer(serializers.Serializer[Any]):
    count = serializers.IntegerField(source="rows.paginator.count")
    page = serializers.IntegerField(source="rows.number")
    pages = serializers.IntegerField(source="rows.paginator.num_pages")


class GoldQuerySerializer(PageQuerySerializer):
    show = serializers.ChoiceField(choices=Shelf.choices, default=Shelf.HIDDEN)


class CasesQuerySerializer(PageQuerySerializer):
    show = serializers.ChoiceField(choices=Show.choices, default=Show.OPEN)


class ReportsQuerySerializer(PageQuerySerializer):
    """`done`: what is done with, instead of what is open."""

    show = serializers.ChoiceField(choices=Kind.choices, default=Kind.BAD_PROBLEMS)
    done = serializers.BooleanField(default=False)


class StepsField(serializers.ListField):
    """Steps from 0 at which a first error is accepted; none: the solution has no error."""

    child = serializers.IntegerField(min_value=0, max_value=10_000)


class GoldSerializer(serializers.Serializer[Any]):
    id = serializers.IntegerField(source="pk")
    solution = serializers.IntegerField(source="solution_id")
    kind = serializers.CharField()
    error_steps = StepsField()
    explanation = serializers.CharField()
    origin = serializers.CharField()
    retired_at = serializers.DateTimeField(allow_null=True)


class ListedGoldSerializer(GoldSerializer):
    judged = serializers.IntegerField()
    agreed = serializers.IntegerField()


class GoldPageSerializer(PageSerializer):
    gold = ListedGoldSerializer(source="rows", many=True)


class GoldValuesSerializer(serializers.Serializer[Any]):
    kind = serializers.ChoiceField(choices=GoldKind.choices)
    error_steps = StepsField(max_length=1000)
    explanation = serializers.CharField(max_length=5000, allow_blank=True, default="")


class NewGoldSerializer(GoldValuesSerializer):
    solution = serializers.IntegerField(min_value=1)


class AnswerSerializer(serializers.Serializer[Any]):
    finish_reason = serializers.CharField()
    first_error = serializers.IntegerField(allow_null=True)
    labels = serializers.IntegerField()


class MissedSerializer(serializers.Serializer[Any]):
    gold = serializers.IntegerField(source="gold.pk")
    solution = serializers.IntegerField(source="gold.solution_id")
    judged = serializers.IntegerField()
    answers = AnswerSerializer(many=True)


class MistakesSerializer(serializers.Serializer[Any]):
    judged = serializers.IntegerField()
    missed = serializers.IntegerField()
    items = MissedSerializer(many=True)


class CaseRowSerializer(serializers.Serializer[Any]):
    solution = serializers.IntegerField(source="solution.pk")
    labels = serializers.IntegerField()
    is_decided = serializers.BooleanField(source="adjudication.is_decided", default=False)


class CasesSerializer(PageSerializer):
    cases = CaseRowSerializer(source="listed", many=True)


class LetteredOpinionSerializer(serializers.Serializer[Any]):
    """A label, by a letter: who gave it is not said."""

    letter = serializers.CharField()
    label = serializers.UUIDField(source="label.pk")  # type: ignore[assignment] # a field of that name, not the attribute
    finish_reason = serializers.CharField(source="label.finish_reason")
    ratings = serializers.ListField(child=serializers.IntegerField(allow_null=True))


class CaseSerializer(serializers.Serializer[Any]):
    """`opinions` is empty until your own judgement is in."""

    solution = serializers.IntegerField(source="solution.pk")
    problem = serializers.CharField(source="solution.problem.text")
    steps = serializers.ListField(child=serializers.CharField(), source="solution.steps")
    is_mine = serializers.BooleanField()
    has_been_seen = serializers.BooleanField()  # by you, who put it back: somebody else decides
    is_decided = serializers.BooleanField()
    opinions = LetteredOpinionSerializer(many=True)


class JudgementSerializer(serializers.Serializer[Any]):
    """Ratings of the solution's own steps up to the first error, or of all."""

    finish_reason = serializers.ChoiceField(choices=SAY_SOMETHING)
    reason = serializers.CharField(max_length=2000, allow_blank=True, default="")
    ratings = serializers.ListField(child=RatingSerializer(), max_length=10_000)
    total_time_ms = serializers.IntegerField(min_value=0, max_value=10 * DAY_MS, default=0)

    def judgement(self) -> Judgement:
        data = dict(self.validated_data)
        return Judgement(**data | {"ratings": [Rating(**rating) for rating in data["ratings"]]})


class TakeOverSerializer(serializers.Serializer[Any]):
    label = serializers.UUIDField()  # type: ignore[assignment] # a field of that name, not the attribute
    total_time_ms = serializers.IntegerField(min_value=0, max_value=10 * DAY_MS, default=0)


class PromoteSerializer(serializers.Serializer[Any]):
    error_steps = StepsField(max_length=1000)
    explanation = serializers.CharField(max_length=5000, allow_blank=True, default="")


class OptionalWordsSerializer(serializers.Serializer[Any]):
    text = serializers.CharField(max_length=20_000, allow_blank=True, default="")


class TruthSerializer(serializers.Serializer[Any]):
    """`old` is the answer that you saw: another one means that somebody was faster."""

    old = serializers.CharField(max_length=1000, allow_null=True, allow_blank=True)
    new = serializers.CharField(max_length=1000, allow_blank=True)
    reason = serializers.CharField(max_length=2000, allow_blank=True, default="")


class CorrectionSerializer(serializers.Serializer[Any]):
    solutions = serializers.IntegerField()
    changed = serializers.IntegerField()
    pending = serializers.IntegerField()
    out_of_queue = serializers.IntegerField(source="written.out_of_queue")


class ProblemRowSerializer(serializers.Serializer[Any]):
    id = serializers.IntegerField(source="problem.pk")
    unique_id = serializers.CharField(source="problem.unique_id")
    text = serializers.CharField(source="problem.text")
    answer = serializers.CharField(source="problem.answer", allow_null=True)
    split = serializers.CharField(source="problem.split")
    solutions = serializers.IntegerField()
    wrong = serializers.IntegerField()


class ProblemsSerializer(PageSerializer):
    problems = ProblemRowSerializer(source="listed", many=True)


class SolutionRowSerializer(serializers.Serializer[Any]):
    id = serializers.IntegerField(source="pk")
    answer = serializers.CharField(allow_null=True)
    grade = serializers.CharField()
    grader_version = serializers.CharField()


class TruthChangeSerializer(serializers.Serializer[Any]):
    old = serializers.CharField(allow_null=True)
    new = serializers.CharField(allow_null=True)
    reason = serializers.CharField()
    by = serializers.CharField(source="by.username", default=None, allow_null=True)
    at = serializers.DateTimeField()


class ProblemSerializer(serializers.Serializer[Any]):
    id = serializers.IntegerField(source="problem.pk")
    text = serializers.CharField(source="problem.text")
    answer = serializers.CharField(source="problem.answer", allow_null=True)
    split = serializers.CharField(source="problem.split")
    withdrawn_at = serializers.DateTimeField(source="problem.withdrawn_at", allow_null=True)
    solutions = SolutionRowSerializer(many=True)
    changes = TruthChangeSerializer(many=True)


class ReportRowSerializer(serializers.Serializer[Any]):
    """Of whatever kind: which row it is, and what it is about. The text of an unsure mark is null for a lead who may yet
    have to judge its solution blind."""

    id = serializers.CharField(source="pk")
    label = serializers.CharField(source="label_id", default=None, allow_null=True)  # type: ignore[assignment] # as above
    text = serializers.CharField(default=None, allow_null=True)
    answer = serializers.CharField(default=None, allow_null=True)
    reason = serializers.CharField(default=None, allow_null=True)

    def to_representation(self, instance: Any) -> dict[str, Any]:
        row = super().to_representation(instance)
        page = cast(ReportsPage, self.root.instance)
        if isinstance(instance, StepRating) and instance.label.solution_id in page.to_judge:
            row["text"] = None
        return row


class ReportsSerializer(PageSerializer):
    kind = serializers.CharField()
    reports = ReportRowSerializer(source="rows", many=True)
