"""REST endpoints. Each one turns its input into objects, makes one call, and answers in JSON."""

from typing import Any

from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from annotation.api import serializers
from annotation.api.permissions import labeler_for, place_in_project
from annotation.models import Membership, Round
from annotation.models.projects import Role
from annotation.services import labeling, queue, rounds


class Projects(APIView):
    @extend_schema(responses=serializers.ProjectSerializer(many=True))
    def get(self, request: Request) -> Response:
        """The projects that you belong to, with your role in each."""
        places = Membership.objects.filter(user=request.user.pk).select_related("project").order_by("project__slug")
        return Response(serializers.ProjectSerializer(places, many=True).data)


class Claim(APIView):
    @extend_schema(request=None, responses=serializers.ClaimSerializer)
    def post(self, request: Request, slug: str) -> Response:
        """The solution that you hold, or the next one that waits; null when none does."""
        labeler = labeler_for(request.user, slug)
        assignment = queue.claim_next(project=labeler.project, by=labeler)
        return Response(serializers.ClaimSerializer({"assignment": assignment}).data)


class Heartbeat(APIView):
    @extend_schema(request=serializers.HeartbeatSerializer, responses=serializers.RenewedSerializer)
    def post(self, request: Request, slug: str) -> Response:
        """Keep the solution while you work on it, and your ratings so far."""
        labeler = labeler_for(request.user, slug)
        until = queue.heartbeat(project=labeler.project, by=labeler, **_valid(serializers.HeartbeatSerializer, request))
        return Response(serializers.RenewedSerializer({"lease_until": until}).data)


class Labels(APIView):
    @extend_schema(request=serializers.LabelSerializer, responses={201: serializers.SubmissionSerializer})
    def post(self, request: Request, slug: str) -> Response:
        """Hand in a label. Sending it again is harmless and is answered with 200."""
        labeler = labeler_for(request.user, slug)
        form = serializers.LabelSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        data = form.validated_data
        submission = labeling.submit_label(
            project=labeler.project,
            by=labeler,
            label_id=data["id"],
            slot=data["slot"],
            lease_token=data["lease_token"],
            judgement=form.judgement(),
        )
        body = serializers.SubmissionSerializer(submission).data
        return Response(body, status=200 if submission.replay else 201)


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
            project=place.project, by=place.user, **_valid(serializers.StartRoundSerializer, request)
        )
        return Response(serializers.RoundSerializer(started).data, status=201)


class RoundDetail(APIView):
    @extend_schema(responses=serializers.RoundSerializer)
    def get(self, request: Request, slug: str, number: int) -> Response:
        """One round with the state of its job; ask again to watch it."""
        project = place_in_project(request.user, slug, Role.ML, Role.LEAD).project
        return Response(serializers.RoundSerializer(_round(project.pk, number)).data)


class CancelRound(APIView):
    @extend_schema(request=None, responses=serializers.RoundSerializer)
    def post(self, request: Request, slug: str, number: int) -> Response:
        """Ask a running round to stop; the queue stays as it is."""
        place = place_in_project(request.user, slug, Role.ML)
        found = _round(place.project_id, number)
        rounds.cancel_round(round=found, by=place.user)
        return Response(serializers.RoundSerializer(_round(found.project_id, number)).data)


def _round(project_id: int, number: int) -> Round:
    return get_object_or_404(Round.objects.select_related("job"), project=project_id, number=number)


def _valid(serializer: Any, request: Request) -> dict[str, Any]:
    form = serializer(data=request.data)
    form.is_valid(raise_exception=True)
    return dict(form.validated_data)
