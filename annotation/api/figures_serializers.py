"""Figures of people: what a labeler reads of themself, and what leads read of one, of all, and of how far they agree."""

from datetime import date
from typing import Any

from django.utils.translation import gettext as _
from rest_framework import serializers

from annotation.api.people_serializers import FigureSerializer, WindowSerializer


class DaySerializer(serializers.Serializer[Any]):
    day = serializers.DateField()  # UTC
    labels = serializers.IntegerField()
    active_ms = serializers.IntegerField(allow_null=True)


class OwnFiguresSerializer(serializers.Serializer[Any]):
    """Times are null where none was measured."""

    labels = serializers.IntegerField()
    labels_this_week = serializers.IntegerField()
    rated_steps_this_week = serializers.IntegerField()
    active_ms = serializers.IntegerField(allow_null=True)
    active_ms_this_week = serializers.IntegerField(allow_null=True)
    median_ms = serializers.FloatField(allow_null=True)
    finish_reasons = serializers.DictField(child=serializers.IntegerField())
    days = DaySerializer(many=True)


class LastLabelSerializer(serializers.Serializer[Any]):
    """How it ended is null where whoever asks may yet have to judge the solution blind."""

    id = serializers.UUIDField(source="label.pk")
    solution = serializers.IntegerField(source="label.solution_id")
    finish_reason = serializers.CharField(allow_null=True)
    created_at = serializers.DateTimeField(source="label.created_at")


class UnsureSerializer(serializers.Serializer[Any]):
    """All but the label is null where whoever asks may yet have to judge the solution blind."""

    label = serializers.UUIDField(source="of.label_id")  # type: ignore[assignment] # a field of that name, not the attribute
    step = serializers.IntegerField(allow_null=True)
    rating = serializers.IntegerField(allow_null=True)
    text = serializers.CharField(allow_null=True)


class SpokenSerializer(serializers.Serializer[Any]):
    by = serializers.CharField(source="author.username", default=None, allow_null=True)
    text = serializers.CharField()
    created_at = serializers.DateTimeField()


class LeftOutSerializer(serializers.Serializer[Any]):
    since = serializers.DateTimeField()
    reason = serializers.CharField()
    created_at = serializers.DateTimeField()
    lifted_at = serializers.DateTimeField(allow_null=True)


class LabelerDetailSerializer(serializers.Serializer[Any]):
    """One labeler; the newest of each list, newest first."""

    figures = FigureSerializer(source="person")
    days = DaySerializer(many=True)
    labels = LastLabelSerializer(many=True)
    unsure = UnsureSerializer(source="flagged", many=True)
    messages = SpokenSerializer(many=True)
    exclusions = LeftOutSerializer(many=True)


class LabelerWindowSerializer(WindowSerializer):
    days = serializers.IntegerField(min_value=1, max_value=366, default=28)


class PeriodSerializer(serializers.Serializer[Any]):
    """The first and the last day (UTC), both included."""

    since = serializers.DateField()
    until = serializers.DateField()

    def validate(self, attrs: dict[str, date]) -> dict[str, date]:
        if attrs["until"] < attrs["since"]:
            raise serializers.ValidationError({"until": _("The last day is before the first one.")})
        return attrs


class WorkDaySerializer(serializers.Serializer[Any]):
    """The work of one labeler on one day."""

    day = serializers.DateField()
    pseudonym = serializers.UUIDField()
    name = serializers.CharField(source="username")
    labels = serializers.IntegerField()
    corrections = serializers.IntegerField()
    active_minutes = serializers.FloatField()
    open_minutes = serializers.FloatField()
    untimed = serializers.IntegerField()
    instructions = serializers.CharField()
    terms = serializers.IntegerField(allow_null=True)


class IntervalSerializer(serializers.Serializer[Any]):
    value = serializers.FloatField(allow_null=True)
    low = serializers.FloatField(allow_null=True)
    high = serializers.FloatField(allow_null=True)


class StatisticSerializer(IntervalSerializer):
    """With its 95 % interval; `why` says what keeps it from having a value, or an interval."""

    why = serializers.CharField(allow_null=True)


class StepAgreementSerializer(serializers.Serializer[Any]):
    units = serializers.IntegerField()
    judgements = serializers.IntegerField()
    raw = StatisticSerializer()
    fleiss = StatisticSerializer()
    alpha_nominal = StatisticSerializer()
    alpha_ordinal = StatisticSerializer()
    ac1 = StatisticSerializer()
    ac2 = StatisticSerializer()


class PairSerializer(serializers.Serializer[Any]):
    labelers = serializers.SerializerMethodField()
    solutions = serializers.IntegerField()
    same_first_error = serializers.IntegerField()
    steps = serializers.IntegerField()
    same_ratings = serializers.IntegerField()
    kappa = StatisticSerializer()

    def get_labelers(self, pair: Any) -> list[str]:
        """Their pseudonyms."""
        return [str(self.context["labelers"][one].pseudonym) for one in pair.labelers]


class AgreementPageSerializer(serializers.Serializer[Any]):
    """Of the newest solutions that several labelers judged: how far they agree, and in what sentences one says it."""

    as_of = serializers.DateTimeField()
    shared = serializers.IntegerField(source="found.shared")
    solutions = serializers.IntegerField(source="found.solutions")
    labels = serializers.IntegerField(source="found.labels")
    labelers = serializers.IntegerField(source="found.labelers")
    first_error = StatisticSerializer(source="found.exact")
    first_error_within_one_step = StatisticSerializer(source="found.near")
    steps = StepAgreementSerializer(source="found.steps")
    pairs = PairSerializer(source="found.pairs", many=True)


class SignSerializer(serializers.Serializer[Any]):
    sign = serializers.CharField()
    sentence = serializers.CharField()


class NoticedSerializer(serializers.Serializer[Any]):
    """Signs that somebody may not be reading: a reason to talk with them, and no proof."""

    pseudonym = serializers.UUIDField(source="labeler.pseudonym")
    labels = serializers.IntegerField()
    signs = SignSerializer(many=True)
