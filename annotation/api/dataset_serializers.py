from typing import Any

from rest_framework import serializers

from annotation.api.round_serializers import JobSerializer
from annotation.models.snapshots import Format, NeutralAs, View


class DatasetFileSerializer(serializers.Serializer[Any]):
    name = serializers.CharField()
    bytes = serializers.IntegerField(source="size")
    lines = serializers.IntegerField(allow_null=True)
    sha256 = serializers.CharField()


class PublicationSerializer(serializers.Serializer[Any]):
    repo = serializers.CharField(source="publication.repo")
    url = serializers.CharField(source="publication.url")
    job = JobSerializer(source="publication.job")


class DatasetSerializer(serializers.Serializer[Any]):
    id = serializers.IntegerField(source="snapshot.pk")
    view = serializers.CharField(source="snapshot.view")
    format = serializers.CharField(source="snapshot.format")
    neutral = serializers.CharField(source="snapshot.neutral")
    gzip = serializers.BooleanField(source="snapshot.gzip")
    automatic = serializers.IntegerField(source="snapshot.automatic_id", allow_null=True)
    repeats = serializers.IntegerField(source="snapshot.repeats_id", allow_null=True)
    created_at = serializers.DateTimeField(source="snapshot.created_at")
    sha256 = serializers.CharField(source="snapshot.sha256", help_text="of manifest.json; empty until all is complete")
    labels = serializers.IntegerField()
    excluded = serializers.DictField(child=serializers.IntegerField(), help_text="labels left out, by reason")
    files = DatasetFileSerializer(many=True)
    published = PublicationSerializer(many=True)
    job = JobSerializer(source="snapshot.job")


class AskForDatasetSerializer(serializers.Serializer[Any]):
    view = serializers.ChoiceField(choices=View.choices)
    format = serializers.ChoiceField(choices=Format.choices, default=Format.PRM800K)
    neutral = serializers.ChoiceField(choices=NeutralAs.choices, default=NeutralAs.KEEP)
    gzip = serializers.BooleanField(default=False)
    version = serializers.IntegerField(
        min_value=1, max_value=2**63 - 1, required=False, help_text="of scored samples: the model version"
    )

    automatic = serializers.IntegerField(
        min_value=1, max_value=2**63 - 1, required=False, help_text="a source of automatic labels, in place of people's"
    )

    def validate_view(self, value: str) -> View:
        return View(value)

    def validate_format(self, value: str) -> Format:
        return Format(value)

    def validate_neutral(self, value: str) -> NeutralAs:
        return NeutralAs(value)


class PublishSerializer(serializers.Serializer[Any]):
    repo = serializers.CharField(max_length=200, help_text="owner/name of a dataset repository of the Hub")
