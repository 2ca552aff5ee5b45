"""REST endpoints of labeling. Each one turns its input into objects, makes one call, and answers in JSON."""

from typing import Any
from uuid import UUID

from django.http import Http404
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from annotation.api import serializers
from annotation.api.parsers import shown, valid
from annotation.api.permissions import labeler_for
from annotation.models import Labeler, Slot
from annotation.models.tokens import Scope
from annotation.queries import labeling as queries
from annotation.services import dialogue, guidance, labeling, options, queue


class Claim(APIView):
    scope = Scope.LABEL

    @extend_schema(request=None, responses=serializers.WorkSerializer)
    def post(self, request: Request, slug: str) -> Response:
        """The solution that you hold, or the next one that waits; null when none does. And the one after it."""
        labeler = labeler_for(request.user, slug)
        work = queue.next_work(project=labeler.project, by=labeler)
        return Response(shown(serializers.WorkSerializer, work))


class Heartbeat(APIView):
    scope = Scope.LABEL

    @extend_schema(request=serializers.HeartbeatSerializer, responses=serializers.RenewedSerializer)
    def post(self, request: Request, slug: str) -> Response:
        """Keep the solution while you work on it, and your ratings so far."""
        labeler = labeler_for(request.user, slug)
        renewal = queue.heartbeat(
            project=labeler.project, by=labeler, **valid(serializers.HeartbeatSerializer, request)
        )
        return Response(serializers.RenewedSerializer(renewal).data)


class Labels(APIView):
    scope = Scope.LABEL

    @extend_schema(responses=serializers.PastLabelSerializer(many=True))
    def get(self, request: Request, slug: str) -> Response:
        """Your own newest labels."""
        past = queries.history(labeler_for(request.user, slug))
        return Response(serializers.PastLabelSerializer(past, many=True).data)

    @extend_schema(request=serializers.LabelSerializer, responses={201: serializers.SubmissionSerializer})
    def post(self, request: Request, slug: str) -> Response:
        """Hand in a label, or a correction of one. Sending it again is harmless and is answered with 200."""
        labeler = labeler_for(request.user, slug)
        data = valid(serializers.LabelSerializer, request)
        submission = labeling.submit_label(
            project=labeler.project,
            by=labeler,
            label_id=data["id"],
            slot=data["slot"],
            lease_token=data["lease_token"],
            judgement=serializers.judgement(data),
            supersedes=data["supersedes"],
        )
        body = shown(serializers.SubmissionSerializer, submission)
        return Response(body, status=200 if submission.replay else 201)


class Reopen(APIView):
    scope = Scope.LABEL

    @extend_schema(responses=serializers.AssignmentSerializer)
    def get(self, request: Request, slug: str, label: UUID) -> Response:
        """One of your own labels, to be corrected: hand the correction in with `supersedes`."""
        found = queries.reopened(labeler_for(request.user, slug), label)
        if found is None:
            raise Http404
        return Response(serializers.AssignmentSerializer(found).data)


class Alternatives(APIView):
    scope = Scope.LABEL

    @extend_schema(request=serializers.AtStepSerializer, responses=serializers.AlternativesSerializer)
    def post(self, request: Request, slug: str) -> Response:
        """Other steps for the place of the first error (phase 2). Ask again until they are ready."""
        labeler = labeler_for(request.user, slug)
        data = valid(serializers.AtStepSerializer, request)
        found = options.alternatives_at(slot=_held(labeler, data), step=data["step"])
        return Response(serializers.AlternativesSerializer(found).data)


class Critiques(APIView):
    scope = Scope.LABEL

    @extend_schema(request=serializers.AtStepSerializer, responses=serializers.CritiqueTextsSerializer)
    def post(self, request: Request, slug: str) -> Response:
        """Explanations of the mistake in a step that you have found to be bad."""
        labeler = labeler_for(request.user, slug)
        data = valid(serializers.AtStepSerializer, request)
        texts = queries.critiques(_held(labeler, data), data["step"])
        return Response(serializers.CritiqueTextsSerializer({"texts": texts}).data)


class Dialogue(APIView):
    scope = Scope.LABEL

    @extend_schema(request=serializers.DialogueSerializer, responses=serializers.PositionSerializer)
    def post(self, request: Request, slug: str) -> Response:
        """Where a phase-1 dialogue stands after these turns, and the options to rate next."""
        labeler = labeler_for(request.user, slug)
        form = serializers.DialogueSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        position = dialogue.walk(slot=_held(labeler, form.validated_data), turns=form.given())
        return Response(serializers.PositionSerializer(position).data)


class Acknowledge(APIView):
    scope = Scope.LABEL

    @extend_schema(responses=serializers.RulesSerializer)
    def get(self, request: Request, slug: str) -> Response:
        """The newest version of the instructions, and what is new in it."""
        rules = queries.newest_rules(labeler_for(request.user, slug).project)
        return Response(serializers.RulesSerializer(rules).data)

    @extend_schema(request=serializers.AcknowledgeSerializer, responses={204: None})
    def post(self, request: Request, slug: str) -> Response:
        """Say that you have read a version of the instructions."""
        guidance.acknowledge(by=labeler_for(request.user, slug), **valid(serializers.AcknowledgeSerializer, request))
        return Response(status=204)


def _held(labeler: Labeler, data: dict[str, Any]) -> Slot:
    return labeling.held_slot(project=labeler.project, by=labeler, slot=data["slot"], lease_token=data["lease_token"])
