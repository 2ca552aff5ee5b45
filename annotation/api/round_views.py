"""REST endpoints of retrain rounds."""

from django.shortcuts import get_object_or_404
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from annotation.api import round_serializers as serializers
from annotation.api.parsers import valid
from annotation.api.permissions import place_in_project
from annotation.models import ModelVersion, Round
from annotation.models.projects import Role
from annotation.queries import picks
from annotation.services import rounds, scoring


class Rounds(APIView):
    @extend_schema(responses=serializers.RoundSerializer(many=True))
    def get(self, request: Request, slug: str) -> Response:
        """The rounds of the project, newest first."""
        project = place_in_project(request.user, slug, Role.ML, Role.LEAD).project
        found = Round.objects.filter(project=project).select_related("job").order_by("-pk")[:100]
        return Response(serializers.RoundSerializer(found, many=True).data)

    @extend_schema(request=serializers.StartRoundSerializer, responses={201: serializers.RoundSerializer})
    def post(self, request: Request, slug: str) -> Response:
        """Start a retrain round: train on all labels, score, select, fill the queue."""
        place = place_in_project(request.user, slug, Role.ML)
        started = rounds.start_round(
            project=place.project, by=place.user, **valid(serializers.StartRoundSerializer, request)
        )
        return Response(serializers.RoundSerializer(started).data, status=201)


class RoundDetail(APIView):
    @extend_schema(responses=serializers.RoundSerializer)
    def get(self, request: Request, slug: str, number: int) -> Response:
        """One round with the state of its job; ask again to watch it."""
        project = place_in_project(request.user, slug, Role.ML, Role.LEAD).project
        return Response(serializers.RoundSerializer(_round(project.pk, number)).data)


class RoundPicks(APIView):
    @extend_schema(
        parameters=[OpenApiParameter("page", int, description="from 1; the last one where there are fewer")],
        responses=serializers.PicksSerializer,
    )
    def get(self, request: Request, slug: str, number: int) -> Response:
        """What the round put into the queue and why, fifty at a time in the order of the queue."""
        project = place_in_project(request.user, slug, Role.ML, Role.LEAD).project
        found = picks.picks(_round(project.pk, number), request.query_params.get("page"))
        return Response(serializers.PicksSerializer(found).data)


class CancelRound(APIView):
    @extend_schema(request=None, responses=serializers.RoundSerializer)
    def post(self, request: Request, slug: str, number: int) -> Response:
        """Ask a running round to stop; the queue stays as it is."""
        place = place_in_project(request.user, slug, Role.ML)
        found = _round(place.project_id, number)
        rounds.cancel_round(round=found, by=place.user)
        return Response(serializers.RoundSerializer(_round(found.project_id, number)).data)


class UseSelector(APIView):
    @extend_schema(request=None, responses={204: None})
    def post(self, request: Request, slug: str, number: int) -> Response:
        """Use the selector that this round trained from the next round on, be it held back or an older one."""
        place = place_in_project(request.user, slug, Role.ML)
        version = get_object_or_404(ModelVersion, project=place.project, round__number=number)
        scoring.promote(version=version, by=place.user)
        return Response(status=204)


def _round(project_id: int, number: int) -> Round:
    return get_object_or_404(Round.objects.select_related("job"), project=project_id, number=number)
