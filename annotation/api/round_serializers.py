from typing import Any

from rest_framework import serializers


class JobSerializer(serializers.Serializer[Any]):
    state = serializers.CharField()
    stage = serializers.CharField()
    done = serializers.IntegerField()
    total = serializers.IntegerField()
    rate = serializers.FloatField(allow_null=True)
    losses = serializers.JSONField()
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


class PickSerializer(serializers.Serializer[Any]):
    solution = serializers.IntegerField(source="solution_id")
    problem = serializers.CharField()
    arm = serializers.CharField()
    grade = serializers.CharField()
    score = serializers.FloatField(allow_null=True)
    rank = serializers.IntegerField(allow_null=True)
    version = serializers.IntegerField(allow_null=True)
    strategy = serializers.CharField(allow_null=True)
    state = serializers.CharField()


class PicksSerializer(serializers.Serializer[Any]):
    count = serializers.IntegerField(source="page.paginator.count")
    page = serializers.IntegerField(source="page.number")
    pages = serializers.IntegerField(source="page.paginator.num_pages")
    picks = PickSerializer(source="rows", many=True)


class StartRoundSerializer(serializers.Serializer[Any]):
    problems = serializers.IntegerField(min_value=1, max_value=1_000_000, required=False)
    per_problem = serializers.IntegerField(min_value=1, max_value=1000, required=False)
    seed = serializers.IntegerField(min_value=0, max_value=2**63 - 1, required=False)
    by_chance = serializers.BooleanField(default=False)
    automatic_source = serializers.IntegerField(
        min_value=1, max_value=2**63 - 1, required=False, help_text="train on these automatic labels, too"
    )
    automatic_ratio = serializers.FloatField(
        min_value=0.01, max_value=100, required=False, help_text="automatic solutions for each labeled one; usual: 1"
    )


class ProjectSerializer(serializers.Serializer[Any]):
    slug = serializers.CharField(source="project.slug")
    name = serializers.CharField(source="project.name")
    phase = serializers.IntegerField(source="project.phase")
    role = serializers.CharField()
