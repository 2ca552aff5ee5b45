"""REST endpoints of models and of what they say. Never for labelers: it would sway them."""

from django.http import Http404
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from annotation.api import version_serializers as serializers
from annotation.api.permissions import place_in_project
from annotation.models.projects import Role
from annotation.queries import solutions, versions


class Models(APIView):
    @extend_schema(responses=serializers.VersionSerializer(many=True))
    def get(self, request: Request, slug: str) -> Response:
        """The models that rounds of the project trained, newest first."""
        project = place_in_project(request.user, slug, Role.ML, Role.LEAD).project
        return Response(serializers.VersionSerializer(versions.versions(project), many=True).data)


class ModelDetail(APIView):
    @extend_schema(responses=serializers.VersionDetailSerializer)
    def get(self, request: Request, slug: str, pk: int) -> Response:
        """One model: its figures and settings, what it chose for, what it says of the pool, where answers contradict it.

        `spread` counts solutions by their score in twenty equal parts of 0 to 1; `calibration` holds its probabilities
        of steps being bad against what people said of them afterwards.
        """
        project = place_in_project(request.user, slug, Role.ML, Role.LEAD).project
        found = versions.version_page(project, pk=pk)
        if found is None:
            raise Http404
        return Response(serializers.VersionDetailSerializer(found).data)


class SolutionScores(APIView):
    @extend_schema(responses=serializers.SolutionScoresSerializer)
    def get(self, request: Request, slug: str, pk: int) -> Response:
        """What every model that scored a solution says of each of its steps; `first_error` counts from 0."""
        project = place_in_project(request.user, slug, Role.ML, Role.LEAD).project
        found = solutions.solution_of(project, pk)
        if found is None:
            raise Http404
        told = {"solution": found, "scores": solutions.opinions(found)}
        return Response(serializers.SolutionScoresSerializer(told).data)
