from typing import Any

from rest_framework import serializers

from annotation.models.labels import FinishReason
from annotation.services.labeling import Judgement, Rating

DAY_MS = 24 * 60 * 60 * 1000


class ShownProblemSerializer(serializers.Serializer[Any]):
    text = serializers.CharField()
    subject = serializers.CharField()
    answer = serializers.CharField(allow_null=True)


class AssignmentSerializer(serializers.Serializer[Any]):
    """A leased solution as its labeler may see it: no score, no grade, no arm, nobody's opinion."""

    slot = serializers.IntegerField()
    lease_token = serializers.UUIDField()
    lease_until = serializers.DateTimeField()
    problem = ShownProblemSerializer()
    steps = serializers.ListField(child=serializers.CharField())
    read_ahead = serializers.BooleanField()
    instructions_version = serializers.IntegerField()
    draft = serializers.JSONField(allow_null=True)


class ClaimSerializer(serializers.Serializer[Any]):
    assignment = AssignmentSerializer(allow_null=True)


class HeartbeatSerializer(serializers.Serializer[Any]):
    slot = serializers.IntegerField(min_value=1)
    lease_token = serializers.UUIDField()
    draft = serializers.DictField(allow_null=True, default=None)


class RenewedSerializer(serializers.Serializer[Any]):
    lease_until = serializers.DateTimeField()


class RatingSerializer(serializers.Serializer[Any]):
    step = serializers.IntegerField(min_value=0, max_value=10_000)
    option = serializers.IntegerField(min_value=0, max_value=100, default=0)
    rating = serializers.IntegerField(min_value=-1, max_value=1)
    ms = serializers.IntegerField(min_value=0, max_value=DAY_MS, allow_null=True, default=None)


class LabelSerializer(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    slot = serializers.IntegerField(min_value=1)
    lease_token = serializers.UUIDField()
    finish_reason = serializers.ChoiceField(choices=FinishReason.choices)
    reason = serializers.CharField(max_length=2000, allow_blank=True, default="")
    ratings = serializers.ListField(child=RatingSerializer(), max_length=10_000)
    total_time_ms = serializers.IntegerField(min_value=0, max_value=10 * DAY_MS)
    active_ms = serializers.IntegerField(min_value=0, max_value=10 * DAY_MS, allow_null=True, default=None)
    instructions_version = serializers.IntegerField(min_value=1, allow_null=True, default=None)
    shown = serializers.DictField(child=serializers.BooleanField(), default=dict)

    def judgement(self) -> Judgement:
        data = dict(self.validated_data)
        for key in ("id", "slot", "lease_token"):
            del data[key]
        return Judgement(**data | {"ratings": [Rating(**rating) for rating in data["ratings"]]})


class ReceiptSerializer(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    finish_reason = serializers.CharField()
    late = serializers.BooleanField()


class SubmissionSerializer(serializers.Serializer[Any]):
    label = ReceiptSerializer()  # type: ignore[assignment] # a field of that name, not the attribute
    replay = serializers.BooleanField()
    done_today = serializers.IntegerField()
    assignment = AssignmentSerializer(allow_null=True)


class JobSerializer(serializers.Serializer[Any]):
    state = serializers.CharField()
    stage = serializers.CharField()
    done = serializers.IntegerField()
    total = serializers.IntegerField()
    attempt = serializers.IntegerField()
    heartbeat_at = serializers.DateTimeField(allow_null=True)
    log_tail = serializers.CharField()
    error = serializers.CharField()


class RoundSerializer(serializers.Serializer[Any]):
    number = serializers.IntegerField()
    state = serializers.CharField()
    created_at = serializers.DateTimeField()
    finished_at = serializers.DateTimeField(allow_null=True)
    report = serializers.JSONField()
    job = JobSerializer()


class StartRoundSerializer(serializers.Serializer[Any]):
    problems = serializers.IntegerField(min_value=1, max_value=1_000_000, required=False)
    per_problem = serializers.IntegerField(min_value=1, max_value=1000, required=False)
    seed = serializers.IntegerField(min_value=0, max_value=2**63 - 1, required=False)
    by_chance = serializers.BooleanField(default=False)


class ProjectSerializer(serializers.Serializer[Any]):
    slug = serializers.CharField(source="project.slug")
    name = serializers.CharField(source="project.name")
    phase = serializers.IntegerField(source="project.phase")
    role = serializers.CharField()
