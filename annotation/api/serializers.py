from typing import Any

from rest_framework import serializers

from annotation.models.labels import FinishReason
from annotation.services.dialogue import Turn
from annotation.services.judgements import Judgement, Rating

DAY_MS = 24 * 60 * 60 * 1000


class ShownProblemSerializer(serializers.Serializer[Any]):
    text = serializers.CharField()
    subject = serializers.CharField()
    answer = serializers.CharField(allow_null=True)


class PoliciesSerializer(serializers.Serializer[Any]):
    phase = serializers.IntegerField()
    answer = serializers.CharField()
    read_ahead = serializers.CharField()
    alternatives = serializers.IntegerField()
    neutral_end = serializers.BooleanField()
    progress_points = serializers.IntegerField()
    critiques = serializers.BooleanField()


class AssignmentSerializer(serializers.Serializer[Any]):
    """A leased solution as its labeler may see it: no score, no grade, no arm, nobody's opinion."""

    slot = serializers.IntegerField()
    lease_token = serializers.UUIDField()
    lease_until = serializers.DateTimeField(allow_null=True)
    problem = ShownProblemSerializer()
    steps = serializers.ListField(child=serializers.CharField())
    policies = PoliciesSerializer()
    instructions_version = serializers.IntegerField()
    draft = serializers.JSONField()  # anything, and so null too
    supersedes = serializers.UUIDField(allow_null=True)


class WorkSerializer(serializers.Serializer[Any]):
    """The solution to work on, and the one set aside for after it, so that nobody waits between the two."""

    assignment = AssignmentSerializer(allow_null=True)
    ahead = AssignmentSerializer(allow_null=True)


class HeldSerializer(serializers.Serializer[Any]):
    """A solution that you hold, or once held."""

    slot = serializers.IntegerField(min_value=1)
    lease_token = serializers.UUIDField()


class HeartbeatSerializer(HeldSerializer):
    draft = serializers.DictField(allow_null=True, default=None)


class RenewedSerializer(serializers.Serializer[Any]):
    lease_until = serializers.DateTimeField()
    ahead_until = serializers.DateTimeField(allow_null=True)
    unread_messages = serializers.IntegerField()


class RatingSerializer(serializers.Serializer[Any]):
    step = serializers.IntegerField(min_value=0, max_value=10_000)
    option = serializers.IntegerField(min_value=0, max_value=100, default=0)
    rating = serializers.IntegerField(min_value=-1, max_value=1, allow_null=True)
    flagged = serializers.BooleanField(default=False)
    text = serializers.CharField(max_length=20_000, allow_blank=True, trim_whitespace=False, default="")
    ms = serializers.IntegerField(min_value=0, max_value=DAY_MS, allow_null=True, default=None)


class SeenSerializer(serializers.Serializer[Any]):
    """Something that the labeler looked at: when, in milliseconds of the page's time, and at which step."""

    what = serializers.ChoiceField(choices=["answer", "peek", "instructions", "alternatives", "critiques", "stalled"])
    step = serializers.IntegerField(min_value=0, max_value=10_000)
    ms = serializers.IntegerField(min_value=0, max_value=10 * DAY_MS)


class ShownSerializer(serializers.Serializer[Any]):
    """What lay before the labeler when they judged."""

    answer = serializers.BooleanField(default=False)
    read_ahead = serializers.CharField(max_length=10, default="")
    alternatives = serializers.IntegerField(min_value=0, max_value=100, default=0)
    seen = serializers.ListField(child=SeenSerializer(), max_length=1000, default=list)


class EditSerializer(serializers.Serializer[Any]):
    """One key press: the rating as it was given, though it may have been changed after."""

    step = serializers.IntegerField(min_value=0, max_value=10_000)
    option = serializers.IntegerField(min_value=0, max_value=100, default=0)
    rating = serializers.IntegerField(min_value=-1, max_value=1, allow_null=True)
    ms = serializers.IntegerField(min_value=0, max_value=10 * DAY_MS)


class ProgressSerializer(serializers.Serializer[Any]):
    points = serializers.ChoiceField(choices=[3, 5])
    rating = serializers.IntegerField(min_value=1, max_value=5)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if attrs["rating"] > attrs["points"]:
            raise serializers.ValidationError({"rating": f"There are {attrs['points']} points."})
        return attrs


class CritiqueRatingSerializer(serializers.Serializer[Any]):
    text = serializers.CharField(max_length=20_000)
    rating = serializers.IntegerField(min_value=-1, max_value=1)


class CritiquesSerializer(serializers.Serializer[Any]):
    """Each explanation of the mistake with its rating; one of the labeler's own where none was good."""

    rated = serializers.ListField(child=CritiqueRatingSerializer(), max_length=50, default=list)
    own = serializers.CharField(max_length=5000, allow_blank=True, default="")


class ExtensionsSerializer(serializers.Serializer[Any]):
    progress = ProgressSerializer(allow_null=True, default=None)
    critiques = CritiquesSerializer(allow_null=True, default=None)


class LabelSerializer(HeldSerializer):
    id = serializers.UUIDField()
    finish_reason = serializers.ChoiceField(choices=FinishReason.choices)
    reason = serializers.CharField(max_length=2000, allow_blank=True, default="")
    ratings = serializers.ListField(child=RatingSerializer(), max_length=10_000)
    total_time_ms = serializers.IntegerField(min_value=0, max_value=10 * DAY_MS)
    active_ms = serializers.IntegerField(min_value=0, max_value=10 * DAY_MS, allow_null=True, default=None)
    instructions_version = serializers.IntegerField(min_value=1, allow_null=True, default=None)
    shown = ShownSerializer(default=dict)
    edits = serializers.ListField(child=EditSerializer(), max_length=5000, default=list)
    extensions = ExtensionsSerializer(default=dict)
    supersedes = serializers.UUIDField(allow_null=True, default=None)


def judgement(label: dict[str, Any]) -> Judgement:
    """What a LabelSerializer has read, without whose it is and of what."""
    said = {name: value for name, value in label.items() if name not in ("id", "slot", "lease_token", "supersedes")}
    return Judgement(**said | {"ratings": [Rating(**rating) for rating in said["ratings"]]})


class ReceiptSerializer(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    finish_reason = serializers.CharField()
    late = serializers.BooleanField()


class FeedbackSerializer(serializers.Serializer[Any]):
    """What is known of a solution that was for practice."""

    agrees = serializers.BooleanField()
    error_steps = serializers.ListField(child=serializers.IntegerField())
    explanation = serializers.CharField()


class SubmissionSerializer(serializers.Serializer[Any]):
    label = ReceiptSerializer()  # type: ignore[assignment] # a field of that name, not the attribute
    replay = serializers.BooleanField()
    done_today = serializers.IntegerField()
    assignment = AssignmentSerializer(allow_null=True, source="work.assignment")
    ahead = AssignmentSerializer(allow_null=True, source="work.ahead")
    feedback = FeedbackSerializer(allow_null=True)


class AtStepSerializer(HeldSerializer):
    step = serializers.IntegerField(min_value=0, max_value=10_000)


class AlternativesSerializer(serializers.Serializer[Any]):
    texts = serializers.ListField(child=serializers.CharField())
    is_ready = serializers.BooleanField()


class CritiqueTextsSerializer(serializers.Serializer[Any]):
    texts = serializers.ListField(child=serializers.CharField())


class TurnSerializer(serializers.Serializer[Any]):
    ratings = serializers.ListField(child=serializers.IntegerField(min_value=-1, max_value=1), max_length=100)
    own = serializers.CharField(max_length=20_000, allow_blank=True, trim_whitespace=False, default="")


class DialogueSerializer(HeldSerializer):
    turns = serializers.ListField(child=TurnSerializer(), max_length=1000)

    def given(self) -> list[Turn]:
        return [Turn(**turn) for turn in self.validated_data["turns"]]


class DialogueStepSerializer(serializers.Serializer[Any]):
    text = serializers.CharField()
    chosen = serializers.IntegerField(allow_null=True)
    rating = serializers.IntegerField(allow_null=True)


class PositionSerializer(serializers.Serializer[Any]):
    path = serializers.ListField(child=DialogueStepSerializer())
    options = serializers.ListField(child=serializers.CharField())
    is_ready = serializers.BooleanField()
    is_over = serializers.BooleanField()
    must_write = serializers.BooleanField()
    may_write = serializers.BooleanField()


class PastLabelSerializer(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    problem = serializers.CharField()
    finish_reason = serializers.CharField()
    ratings = serializers.ListField(child=serializers.IntegerField(allow_null=True))
    created_at = serializers.DateTimeField()
    is_corrected = serializers.BooleanField()
    can_reopen = serializers.BooleanField()


class RulesSerializer(serializers.Serializer[Any]):
    version = serializers.IntegerField()
    changes = serializers.CharField()


class AcknowledgeSerializer(serializers.Serializer[Any]):
    version = serializers.IntegerField(min_value=1)
