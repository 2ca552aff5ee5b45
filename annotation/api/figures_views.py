"""REST endpoints of figures of people: their pay, their agreement, one of them in full. And of a labeler's own work."""

from django.http import Http404
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from annotation.api import figures_serializers as serializers
from annotation.api.parsers import asked
from annotation.api.permissions import labeler_for, place_in_project
from annotation.models.projects import Role
from annotation.models.tokens import Scope
from annotation.queries import agreement, behaviour, pay, people_figures, work


class OwnWork(APIView):
    scope = Scope.LABEL

    @extend_schema(responses=serializers.OwnFiguresSerializer)
    def get(self, request: Request, slug: str) -> Response:
        """What you have labeled, and how long it took you."""
        figures = work.figures(labeler_for(request.user, slug), timezone.now().date())
        return Response(serializers.OwnFiguresSerializer(figures).data)


class LabelerDetail(APIView):
    @extend_schema(parameters=[serializers.LabelerWindowSerializer], responses=serializers.LabelerDetailSerializer)
    def get(self, request: Request, slug: str, pseudonym: str) -> Response:
        """One labeler in full, of the last `days`."""
        place = place_in_project(request.user, slug, Role.LEAD)
        window, today = asked(serializers.LabelerWindowSerializer, request)["days"], timezone.now().date()
        found = people_figures.labeler_page(place, pseudonym=pseudonym, today=today, window=window)
        if found is None:
            raise Http404
        return Response(serializers.LabelerDetailSerializer(found).data)


class PayRecord(APIView):
    @extend_schema(parameters=[serializers.PeriodSerializer], responses=serializers.WorkDaySerializer(many=True))
    def get(self, request: Request, slug: str) -> Response:
        """Active minutes of each labeler on each day, for whoever pays."""
        project = place_in_project(request.user, slug, Role.LEAD).project
        days = pay.work_days(project, **asked(serializers.PeriodSerializer, request))
        return Response(serializers.WorkDaySerializer(days, many=True).data)


class Agreement(APIView):
    @extend_schema(responses=serializers.AgreementPageSerializer)
    def get(self, request: Request, slug: str) -> Response:
        """How far labelers agree on ratings of steps and on first errors."""
        place = place_in_project(request.user, slug, Role.LEAD)
        found = agreement.agreement_page(place, now=timezone.now(), page=None)
        context = {"labelers": found.labelers}
        return Response(serializers.AgreementPageSerializer(found, context=context).data)


class Behaviour(APIView):
    @extend_schema(responses=serializers.NoticedSerializer(many=True))
    def get(self, request: Request, slug: str) -> Response:
        """Labelers of whom there are signs that they may not be reading, the most signs first."""
        project = place_in_project(request.user, slug, Role.LEAD).project
        found = behaviour.behaviour_page(project)
        return Response(serializers.NoticedSerializer(found.noticed, many=True).data)
