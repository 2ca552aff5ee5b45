from typing import Any

from rest_framework import serializers


class VersionSerializer(serializers.Serializer[Any]):
    id = serializers.IntegerField(source="pk")
    kind = serializers.CharField(source="version.kind")
    state = serializers.CharField(source="version.state")
    held_back_because = serializers.CharField(allow_null=True)
    round = serializers.IntegerField(source="version.round.number", allow_null=True, default=None)
    created_at = serializers.DateTimeField(source="version.created_at")
    base = serializers.CharField(source="version.base")
    labels = serializers.IntegerField(allow_null=True)
    config = serializers.JSONField(source="version.config")
    metrics = serializers.JSONField(source="version.metrics")


class SpreadSerializer(serializers.Serializer[Any]):
    right = serializers.ListField(child=serializers.IntegerField())
    wrong = serializers.ListField(child=serializers.IntegerField())
    ungraded = serializers.ListField(child=serializers.IntegerField())


class LengthBiasSerializer(serializers.Serializer[Any]):
    solutions = serializers.IntegerField()
    product = serializers.FloatField(allow_null=True)
    minimum = serializers.FloatField(allow_null=True)
    geometric_mean = serializers.FloatField(allow_null=True)


class DoubtfulScoreSerializer(serializers.Serializer[Any]):
    solution = serializers.IntegerField(source="solution_id")
    steps = serializers.IntegerField(source="length")
    minimum = serializers.FloatField()
    product = serializers.FloatField()


class DoubtfulSerializer(serializers.Serializer[Any]):
    count = serializers.IntegerField()
    solutions = DoubtfulScoreSerializer(source="rows", many=True)


class VersionScoresSerializer(serializers.Serializer[Any]):
    spread = SpreadSerializer()
    length_bias = LengthBiasSerializer(source="bias")
    right_answer_low_step = DoubtfulSerializer(source="low_steps")
    wrong_answer_high_score = DoubtfulSerializer(source="high_scores")


class CalibrationBinSerializer(serializers.Serializer[Any]):
    mean = serializers.FloatField()
    share = serializers.FloatField()
    steps = serializers.IntegerField()


class CutSerializer(serializers.Serializer[Any]):
    threshold = serializers.FloatField()
    found = serializers.FloatField(allow_null=True)
    alarms = serializers.FloatField(allow_null=True)


class CalibrationSerializer(serializers.Serializer[Any]):
    steps = serializers.IntegerField()
    error = serializers.FloatField(allow_null=True)
    bins = CalibrationBinSerializer(many=True)
    sweep = CutSerializer(many=True)


class UseSerializer(serializers.Serializer[Any]):
    round = serializers.IntegerField(source="number")
    picks = serializers.IntegerField()


class VersionDetailSerializer(serializers.Serializer[Any]):
    model = VersionSerializer(source="one")
    comparison = serializers.JSONField(source="one.report.comparison")
    chose_for = UseSerializer(source="uses", many=True)
    scores = VersionScoresSerializer()
    calibration = CalibrationSerializer()


class StepScoreSerializer(serializers.Serializer[Any]):
    right = serializers.FloatField()
    positive = serializers.FloatField()
    neutral = serializers.FloatField()
    negative = serializers.FloatField()


class OpinionSerializer(serializers.Serializer[Any]):
    model = serializers.IntegerField(source="version.pk")
    product = serializers.FloatField()
    minimum = serializers.FloatField()
    threshold = serializers.FloatField()
    first_error = serializers.IntegerField(allow_null=True)
    steps = StepScoreSerializer(many=True)


class SolutionScoresSerializer(serializers.Serializer[Any]):
    solution = serializers.IntegerField(source="solution.pk")
    problem = serializers.CharField(source="solution.problem.text")
    grade = serializers.CharField(source="solution.grade")
    steps = serializers.ListField(child=serializers.CharField(), source="solution.steps")
    scores = OpinionSerializer(many=True)
