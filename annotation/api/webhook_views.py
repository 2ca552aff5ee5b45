"""REST endpoints of webhooks: addresses outside that are told what happens in a project."""

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from annotation.api.parsers import valid
from annotation.api.permissions import place_in_project
from annotation.models.projects import Role
from annotation.queries import webhooks as queries
from annotation.services import webhooks as services


class DeliverySerializer(serializers.Serializer[Any]):
    id = serializers.UUIDField(source="event_id")
    event = serializers.CharField()
    state = serializers.CharField()
    attempts = serializers.IntegerField()
    status = serializers.IntegerField(allow_null=True, help_text="of the last answer; null: there was none")
    error = serializers.CharField(help_text="why there was none")
    created_at = serializers.DateTimeField()
    next_try_at = serializers.DateTimeField()


class WebhookSerializer(serializers.Serializer[Any]):
    id = serializers.IntegerField(source="webhook.pk")
    url = serializers.CharField(source="webhook.url")
    created_at = serializers.DateTimeField(source="webhook.created_at")
    deliveries = DeliverySerializer(many=True)


class NewWebhookSerializer(serializers.Serializer[Any]):
    url = serializers.CharField(max_length=500)


class NamedWebhookSerializer(serializers.Serializer[Any]):
    """The secret is shown now and never again."""

    id = serializers.IntegerField()
    secret = serializers.CharField()


class Webhooks(APIView):
    @extend_schema(responses=WebhookSerializer(many=True))
    def get(self, request: Request, slug: str) -> Response:
        """The webhooks, each with what it was told last."""
        project = place_in_project(request.user, slug, Role.LEAD).project
        return Response(WebhookSerializer(queries.webhooks(project), many=True).data)

    @extend_schema(request=NewWebhookSerializer, responses={201: NamedWebhookSerializer})
    def post(self, request: Request, slug: str) -> Response:
        """Name an address to be told; the answer holds the secret that requests to it are signed with."""
        place = place_in_project(request.user, slug, Role.LEAD)
        url = valid(NewWebhookSerializer, request)["url"]
        site = request.build_absolute_uri("/")
        made, secret = services.add(project=place.project, url=url, site=site, by=place.user)
        return Response(NamedWebhookSerializer({"id": made.pk, "secret": secret}).data, status=201)


class WebhookDetail(APIView):
    @extend_schema(responses={204: None})
    def delete(self, request: Request, slug: str, pk: int) -> Response:
        """Tell this address nothing more, not even what waits for it."""
        place = place_in_project(request.user, slug, Role.LEAD)
        services.remove(project=place.project, webhook=pk, by=place.user)
        return Response(status=204)


class SendTest(APIView):
    @extend_schema(request=None, responses={204: None})
    def post(self, request: Request, slug: str, pk: int) -> Response:
        """Send a test to this address; its deliveries say what came back."""
        place = place_in_project(request.user, slug, Role.LEAD)
        services.send_test(project=place.project, webhook=pk, by=place.user)
        return Response(status=204)
