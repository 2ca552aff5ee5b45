"""Members, invitations, labelers, tokens."""

from typing import Any

from rest_framework import serializers

from annotation.models.projects import Role
from annotation.models.tokens import Scope


class MemberSerializer(serializers.Serializer[Any]):
    id = serializers.IntegerField(source="membership.pk")
    name = serializers.CharField(source="user.username")
    role = serializers.CharField(source="membership.role")
    pseudonym = serializers.UUIDField(source="work.labeler.pseudonym", default=None, allow_null=True)
    state = serializers.CharField(source="work.labeler.state", default=None, allow_null=True)
    labels = serializers.IntegerField(source="work.labels", default=0)
    has_second_factor = serializers.BooleanField()
    last_seen_at = serializers.DateTimeField(allow_null=True)


class RoleSerializer(serializers.Serializer[Any]):
    role = serializers.ChoiceField(choices=Role.choices)


class InvitationSerializer(serializers.Serializer[Any]):
    id = serializers.IntegerField(source="pk")
    email = serializers.CharField()
    role = serializers.CharField()
    expires_at = serializers.DateTimeField()


class InviteSerializer(RoleSerializer):
    email = serializers.EmailField()


class LinkSerializer(serializers.Serializer[Any]):
    """Works once; shown now and never again."""

    link = serializers.URLField()


class ReasonSerializer(serializers.Serializer[Any]):
    reason = serializers.CharField(max_length=2000)


class ExclusionSerializer(ReasonSerializer):
    since = serializers.DateTimeField()


class AgreementSerializer(serializers.Serializer[Any]):
    agreed = serializers.IntegerField()
    judged = serializers.IntegerField()
    share = serializers.FloatField(allow_null=True)
    low = serializers.FloatField()
    high = serializers.FloatField()


class LabelerSerializer(serializers.Serializer[Any]):
    """How a labeler agrees with what is known; intervals are Wilson's, 95 %."""

    pseudonym = serializers.UUIDField(source="labeler.pseudonym")
    state = serializers.CharField(source="labeler.state")
    paused_because = serializers.CharField(source="labeler.paused_because")
    admission = serializers.CharField(source="labeler.admission")
    score = AgreementSerializer()
    screening = AgreementSerializer()
    excluded_since = serializers.DateTimeField(source="exclusion.since", default=None, allow_null=True)
    excluded_labels = serializers.IntegerField()


class WindowSerializer(serializers.Serializer[Any]):
    """The last so many days; all time, where none are named."""

    days = serializers.IntegerField(min_value=1, max_value=3660, allow_null=True, default=None)


class FigureSerializer(serializers.Serializer[Any]):
    pseudonym = serializers.UUIDField(source="labeler.pseudonym")
    labels = serializers.IntegerField(source="sums.labels")
    active_ms = serializers.IntegerField()
    active_ms_today = serializers.IntegerField()
    active_ms_week = serializers.IntegerField()
    median_step_ms = serializers.FloatField(allow_null=True)
    judged = serializers.IntegerField()
    agreed = serializers.IntegerField()
    last_label_at = serializers.DateTimeField(allow_null=True)


class TokenSerializer(serializers.Serializer[Any]):
    id = serializers.IntegerField(source="pk")
    name = serializers.CharField()
    scopes = serializers.ListField(child=serializers.CharField())
    project = serializers.CharField(source="project.slug", default=None, allow_null=True)
    created_at = serializers.DateTimeField()
    expires_at = serializers.DateTimeField()
    last_used_at = serializers.DateTimeField(allow_null=True)


class NewTokenSerializer(serializers.Serializer[Any]):
    name = serializers.CharField(max_length=100)
    scopes = serializers.MultipleChoiceField(choices=Scope.choices, allow_empty=False)
    project = serializers.SlugField(allow_null=True, default=None)
    days = serializers.IntegerField(min_value=1, max_value=365)


class SecretSerializer(serializers.Serializer[Any]):
    """Shown now and never again."""

    token = TokenSerializer()
    secret = serializers.CharField()
