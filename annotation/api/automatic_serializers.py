from typing import Any

from rest_framework import serializers

from annotation.api.figures_serializers import IntervalSerializer
from annotation.api.round_serializers import JobSerializer
from annotation.models.automatic import AutomaticKind, Which
from annotation.services.consensus import MOST

WHOLE = 2**31 - 1
TOKENS = 10**12


class ChoiceSerializer(serializers.Serializer[Any]):
    """Which solutions are labeled: whole ones of training problems."""

    which = serializers.ChoiceField(choices=Which.choices, default=Which.ALL)
    batch = serializers.IntegerField(
        min_value=1, max_value=2**63 - 1, required=False, help_text="those that came with this import"
    )
    most = serializers.IntegerField(min_value=1, max_value=WHOLE, required=False, help_text="so many, by chance")
    choice_seed = serializers.IntegerField(min_value=0, max_value=WHOLE, default=0, help_text="of that chance")


class RolloutsSerializer(serializers.Serializer[Any]):
    generator = serializers.CharField(max_length=500, required=False, help_text="the completer")
    rollouts = serializers.IntegerField(min_value=1, max_value=1024, default=8, help_text="from each step")
    temperature = serializers.FloatField(min_value=0.01, max_value=10, default=1.0)
    seed = serializers.IntegerField(min_value=0, max_value=WHOLE, default=0)
    max_new_tokens = serializers.IntegerField(min_value=1, max_value=100_000, default=512)
    from_start = serializers.BooleanField(default=False, help_text="also from the bare problem, for advantages")
    search = serializers.BooleanField(default=False, help_text="halve for the first bad step")
    budget = serializers.IntegerField(min_value=1, max_value=TOKENS, default=1_000_000, help_text="tokens")


class StartAutomaticSerializer(ChoiceSerializer, RolloutsSerializer):
    """Rollouts take what a completer needs, a model its version and a threshold."""

    kind = serializers.ChoiceField(choices=AutomaticKind.choices)
    name = serializers.CharField(max_length=100)
    version = serializers.IntegerField(min_value=1, max_value=2**63 - 1, required=False)
    threshold = serializers.FloatField(min_value=0, max_value=1, default=0.2)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        wanted = "generator" if attrs["kind"] == AutomaticKind.ROLLOUTS else "version"
        if wanted not in attrs:
            raise serializers.ValidationError({wanted: [self.fields[wanted].error_messages["required"]]})
        return attrs


class SizeQuerySerializer(ChoiceSerializer):
    rollouts = serializers.IntegerField(min_value=1, max_value=1024, default=8)
    max_new_tokens = serializers.IntegerField(min_value=1, max_value=100_000, default=512)
    from_start = serializers.BooleanField(default=False)
    search = serializers.BooleanField(default=False)


class SizeSerializer(serializers.Serializer[Any]):
    solutions = serializers.IntegerField()
    steps = serializers.IntegerField()
    tokens = serializers.IntegerField(help_text="about so many, of rollouts")


class SourceSerializer(serializers.Serializer[Any]):
    id = serializers.IntegerField(source="source.pk")
    name = serializers.CharField(source="source.name")
    kind = serializers.CharField(source="source.kind")
    asked = serializers.JSONField(source="source.asked")
    version = serializers.IntegerField(source="source.version_id", allow_null=True)
    created_at = serializers.DateTimeField(source="source.created_at")
    report = serializers.JSONField(source="source.report", help_text="chosen, labeled, gone, tokens, told")
    job = JobSerializer(source="source.job")


class ComparisonSerializer(serializers.Serializer[Any]):
    """Beside the newest label of each solution that people judged too."""

    solutions = serializers.IntegerField()
    is_all = serializers.BooleanField(help_text="false where there are more, and the newest were compared")
    steps = serializers.IntegerField()
    both_good = serializers.IntegerField()
    only_person_good = serializers.IntegerField()
    only_source_good = serializers.IntegerField()
    both_bad = serializers.IntegerField()
    raw = IntervalSerializer()
    kappa = IntervalSerializer()
    same_error = IntervalSerializer()
    first_errors = serializers.DictField(child=serializers.IntegerField())


class ToSendSerializer(serializers.Serializer[Any]):
    solutions = serializers.ListField(child=serializers.IntegerField(), help_text="newest first")
    left_out = serializers.DictField(child=serializers.IntegerField(), help_text="how many, by reason")


class SourcePageSerializer(serializers.Serializer[Any]):
    about = SourceSerializer(source="one")
    comparison = ComparisonSerializer(source="found")
    sent = serializers.DictField(
        child=serializers.IntegerField(), help_text="solutions sent, by the state of their slot"
    )
    to_send = ToSendSerializer()


class AutomaticLabelSerializer(serializers.Serializer[Any]):
    solution = serializers.IntegerField(source="label.solution_id")
    ratings = serializers.ListField(child=serializers.IntegerField(allow_null=True), source="label.ratings")
    estimates = serializers.JSONField(source="label.estimates")
    start = serializers.JSONField(source="label.start")
    values = serializers.ListField(child=serializers.FloatField(allow_null=True))
    advantages = serializers.ListField(child=serializers.FloatField(), allow_null=True)
    tokens = serializers.IntegerField(source="label.tokens")


class AutomaticLabelsSerializer(serializers.Serializer[Any]):
    count = serializers.IntegerField()
    page = serializers.IntegerField()
    pages = serializers.IntegerField()
    labels = AutomaticLabelSerializer(many=True)


class SendSerializer(serializers.Serializer[Any]):
    most = serializers.IntegerField(min_value=1, max_value=WHOLE, default=MOST, help_text="the newest ones")


class SentToPeopleSerializer(serializers.Serializer[Any]):
    queued = serializers.IntegerField()
    left_out = serializers.DictField(child=serializers.IntegerField(), help_text="how many, by reason")
    later = serializers.IntegerField(help_text="beyond the most")


class StartSamplingSerializer(serializers.Serializer[Any]):
    generator = serializers.CharField(max_length=500)
    problems = serializers.IntegerField(
        min_value=1, max_value=WHOLE, default=50, help_text="those with the fewest solutions first"
    )
    per_problem = serializers.IntegerField(min_value=1, max_value=10_000, default=8)
    temperature = serializers.FloatField(min_value=0.01, max_value=10, default=1.0)
    seed = serializers.IntegerField(min_value=0, max_value=WHOLE, default=0)
    max_new_tokens = serializers.IntegerField(min_value=1, max_value=100_000, default=1024, help_text="of a solution")
    budget = serializers.IntegerField(min_value=1, max_value=TOKENS, default=1_000_000, help_text="tokens")


class SamplingSerializer(serializers.Serializer[Any]):
    id = serializers.IntegerField(source="sampling.pk")
    asked = serializers.JSONField(source="sampling.asked")
    batch = serializers.IntegerField(
        source="sampling.batch_id", allow_null=True, help_text="the import that came of it"
    )
    created_at = serializers.DateTimeField(source="sampling.created_at")
    report = serializers.JSONField(source="sampling.report", help_text="what the generator told of it")
    created = serializers.IntegerField(allow_null=True, help_text="solutions that are new")
    job = JobSerializer(source="sampling.job")
