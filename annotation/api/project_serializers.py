"""Projects, their settings, what labelers are told, and where a campaign stands."""

from copy import copy
from typing import Any

from django.core.exceptions import ValidationError as ModelError
from rest_framework import serializers

from annotation.api.parsers import refuse_unknown
from annotation.models import Project
from annotation.queries.audit import KINDS
from annotation.services.project_settings import EDITABLE, SELECTION


class CheckedSettings(serializers.ModelSerializer[Project]):
    """Values that the model and its constraints take, each in the light of the others."""

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        refuse_unknown(self.initial_data, self.fields)
        changed = copy(self.instance)
        assert isinstance(changed, Project)
        for name, value in attrs.items():
            setattr(changed, name, value)
        try:
            changed.validate_constraints()
        except ModelError as error:
            raise serializers.ValidationError(error.messages) from error
        return attrs


class SettingsSerializer(CheckedSettings):
    """How labels are given: leads set it."""

    class Meta:
        model = Project
        fields = sorted(EDITABLE)


class SelectionSerializer(CheckedSettings):
    """What rounds choose and train: leads and ML staff set it."""

    class Meta:
        model = Project
        fields = sorted(SELECTION)


class ChangedSerializer(serializers.Serializer[Any]):
    changed = serializers.ListField(child=serializers.CharField())


class NewProjectSerializer(serializers.Serializer[Any]):
    slug = serializers.CharField(max_length=50)
    name = serializers.CharField(max_length=200)
    phase = serializers.ChoiceField(choices=[1, 2], default=2)


class BalanceSerializer(serializers.Serializer[Any]):
    labels = serializers.IntegerField()
    wrong_answer_share = serializers.FloatField(allow_null=True)
    found_error_share = serializers.FloatField(allow_null=True)
    good_step_share = serializers.FloatField(allow_null=True)


class MomentSerializer(serializers.Serializer[Any]):
    waiting = serializers.IntegerField()
    leased = serializers.IntegerField()
    labels_today = serializers.IntegerField()
    running_round = serializers.IntegerField(allow_null=True)


class RoundStandingSerializer(serializers.Serializer[Any]):
    number = serializers.IntegerField()
    finished_at = serializers.DateTimeField(allow_null=True)
    queued = serializers.IntegerField()
    labelled = serializers.IntegerField()
    remaining = serializers.IntegerField()
    replaced = serializers.IntegerField()
    balance = BalanceSerializer()


class EstimateSerializer(serializers.Serializer[Any]):
    expected = serializers.FloatField()
    low = serializers.FloatField()
    high = serializers.FloatField()


class ForecastSerializer(serializers.Serializer[Any]):
    remaining = serializers.IntegerField()
    labels_a_day = EstimateSerializer(source="pace", allow_null=True)
    end = serializers.DateField(source="end.expected", allow_null=True, default=None)
    hours = EstimateSerializer(allow_null=True)
    spent_hours = serializers.FloatField()
    cost = EstimateSerializer(allow_null=True)
    currency = serializers.CharField()


class StandingSerializer(serializers.Serializer[Any]):
    moment = MomentSerializer()
    as_of = serializers.DateTimeField(allow_null=True)
    rounds = RoundStandingSerializer(many=True)
    imported = BalanceSerializer()
    total = BalanceSerializer()
    forecast = ForecastSerializer()


class TroubleSerializer(serializers.Serializer[Any]):
    name = serializers.CharField()
    is_urgent = serializers.BooleanField()
    count = serializers.IntegerField()
    title = serializers.CharField()
    advice = serializers.CharField()
    detail = serializers.CharField()


class InstructionsSerializer(serializers.Serializer[Any]):
    version = serializers.IntegerField(read_only=True)
    text = serializers.CharField(max_length=100_000, allow_blank=True, trim_whitespace=False)
    changes = serializers.CharField(max_length=20_000, allow_blank=True, default="")
    must_acknowledge = serializers.BooleanField(default=False)


class NewInstructionsSerializer(InstructionsSerializer):
    """`based_on` is the version that you saw: another one means that somebody was faster."""

    based_on = serializers.IntegerField(min_value=0)


class ReplySerializer(serializers.Serializer[Any]):
    by = serializers.CharField(source="labeler.pseudonym", default=None, allow_null=True)
    text = serializers.CharField()
    created_at = serializers.DateTimeField()


class SentSerializer(serializers.Serializer[Any]):
    id = serializers.IntegerField(source="message.pk")
    to = serializers.CharField(source="message.labeler.pseudonym", default=None, allow_null=True)
    text = serializers.CharField(source="message.text")
    created_at = serializers.DateTimeField(source="message.created_at")
    recipients = serializers.IntegerField()
    reads = serializers.IntegerField()
    replies = ReplySerializer(many=True)


class NewMessageSerializer(serializers.Serializer[Any]):
    text = serializers.CharField(max_length=20_000)
    to = serializers.UUIDField(allow_null=True, default=None)  # a pseudonym; null: everybody
    label = serializers.UUIDField(allow_null=True, default=None)  # type: ignore[assignment] # what it is about


class MessageSerializer(serializers.Serializer[Any]):
    id = serializers.IntegerField(source="pk")
    text = serializers.CharField()
    created_at = serializers.DateTimeField()


class OwnReplySerializer(serializers.Serializer[Any]):
    text = serializers.CharField()
    created_at = serializers.DateTimeField()


class ReceivedSerializer(MessageSerializer):
    """`reopen` is the label that it is about, where you may still correct it."""

    id = serializers.IntegerField()
    by = serializers.CharField(source="author.username", default=None, allow_null=True)
    is_to_all = serializers.BooleanField()
    is_read = serializers.BooleanField()
    problem = serializers.CharField()
    reopen = serializers.UUIDField(allow_null=True)
    replies = OwnReplySerializer(many=True)


class WordsSerializer(serializers.Serializer[Any]):
    text = serializers.CharField(max_length=20_000)


class ReadSerializer(serializers.Serializer[Any]):
    messages = serializers.ListField(child=serializers.IntegerField(min_value=1), max_length=1000)


class ChangeSerializer(serializers.Serializer[Any]):
    field = serializers.CharField()
    before = serializers.JSONField()  # anything, and so null too
    after = serializers.JSONField()


class EntrySerializer(serializers.Serializer[Any]):
    at = serializers.DateTimeField()
    source = serializers.CharField()  # type: ignore[assignment] # a field of that name, not the attribute
    who = serializers.CharField(allow_null=True)
    action = serializers.CharField()
    target = serializers.CharField()
    changes = ChangeSerializer(many=True)
    to_judge = serializers.IntegerField(
        allow_null=True,
        help_text="a solution that you may yet have to judge blind: the changes would tell what others say",
    )


class AuditSerializer(serializers.Serializer[Any]):
    entries = EntrySerializer(many=True)
    older = serializers.CharField(allow_null=True)


class WantedSerializer(serializers.Serializer[Any]):
    before = serializers.CharField(required=False, help_text="`older` of the page before")
    who = serializers.CharField(required=False, max_length=150)
    what = serializers.ChoiceField(required=False, choices=KINDS, help_text="a source of the log, or an act")
    since = serializers.DateField(required=False)
    until = serializers.DateField(required=False)
