"""REST endpoints of automatic labels and of solutions that a generator writes."""

from django.http import Http404
from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from annotation.api import automatic_serializers as serializers
from annotation.api.parsers import asked, valid
from annotation.api.permissions import place_in_project
from annotation.models import Membership, Project
from annotation.models.projects import Role
from annotation.queries import automatic as queries
from annotation.services import automatic, consensus, sampling


class AutomaticLabels(APIView):
    @extend_schema(responses=serializers.SourceSerializer(many=True))
    def get(self, request: Request, slug: str) -> Response:
        """The sources of automatic labels, newest first, at most fifty."""
        found = queries.sources(_place(request, slug).project, now=timezone.now())
        return Response(serializers.SourceSerializer(found, many=True).data)

    @extend_schema(request=serializers.StartAutomaticSerializer, responses={202: serializers.SourceSerializer})
    def post(self, request: Request, slug: str) -> Response:
        """Have a worker label solutions by rollouts, or by a model. Ask for the source to see how far it is."""
        place = _place(request, slug)
        given = valid(serializers.StartAutomaticSerializer, request)
        choice, how = automatic.read(given)
        made = automatic.request_labels(
            project=place.project, by=place.user, name=given["name"], choice=choice, how=how
        )
        return Response(serializers.SourceSerializer(_source(place.project, made.pk)).data, status=202)


class AutomaticSize(APIView):
    @extend_schema(parameters=[serializers.SizeQuerySerializer], responses=serializers.SizeSerializer)
    def get(self, request: Request, slug: str) -> Response:
        """How many solutions and steps rollouts would label, and about how many tokens that takes."""
        project = _place(request, slug).project
        given = asked(serializers.SizeQuerySerializer, request)
        return Response(serializers.SizeSerializer(automatic.expected(project, given)).data)


class AutomaticSourceDetail(APIView):
    @extend_schema(responses=serializers.SourcePageSerializer)
    def get(self, request: Request, slug: str, pk: int) -> Response:
        """One source with the state of its job, and how far it agrees with people."""
        found = queries.source_page(_place(request, slug), pk=pk, page=None, now=timezone.now())
        if found is None:
            raise Http404
        return Response(serializers.SourcePageSerializer(found).data)


class AutomaticSourceLabels(APIView):
    @extend_schema(
        parameters=[OpenApiParameter("page", int, description="from 1; the last one where there are fewer")],
        responses=serializers.AutomaticLabelsSerializer,
    )
    def get(self, request: Request, slug: str, pk: int) -> Response:
        """What a source says of each solution, fifty at a time."""
        one = _source(_place(request, slug).project, pk)
        page, labels = queries.labels(one.source, request.query_params.get("page"))
        told = {"count": page.paginator.count, "page": page.number, "pages": page.paginator.num_pages, "labels": labels}
        return Response(serializers.AutomaticLabelsSerializer(told).data)


class CancelAutomatic(APIView):
    @extend_schema(request=None, responses=serializers.SourceSerializer)
    def post(self, request: Request, slug: str, pk: int) -> Response:
        """Ask the worker to stop; nothing is kept of the labels."""
        place = _place(request, slug)
        automatic.cancel(source=_source(place.project, pk).source, by=place.user)
        return Response(serializers.SourceSerializer(_source(place.project, pk)).data)


class GoOnAutomatic(APIView):
    @extend_schema(request=None, responses={202: serializers.SourceSerializer})
    def post(self, request: Request, slug: str, pk: int) -> Response:
        """After a failure, once more from what was kept."""
        place = _place(request, slug)
        automatic.go_on(source=_source(place.project, pk).source, by=place.user)
        return Response(serializers.SourceSerializer(_source(place.project, pk)).data, status=202)


class SendDisagreements(APIView):
    @extend_schema(request=serializers.SendSerializer, responses=serializers.SentToPeopleSerializer)
    def post(self, request: Request, slug: str, pk: int) -> Response:
        """Ask a second labeler about each solution whose first error the source and the newest label place differently."""
        place = _place(request, slug)
        given = valid(serializers.SendSerializer, request)
        sent = consensus.send_disagreements(source=_source(place.project, pk).source, by=place.user, **given)
        return Response(serializers.SentToPeopleSerializer(sent).data)


class Samplings(APIView):
    @extend_schema(responses=serializers.SamplingSerializer(many=True))
    def get(self, request: Request, slug: str) -> Response:
        """What generators were asked to write, newest first, at most fifty."""
        found = queries.runs(_place(request, slug).project, now=timezone.now())
        return Response(serializers.SamplingSerializer(found, many=True).data)

    @extend_schema(request=serializers.StartSamplingSerializer, responses={202: serializers.SamplingSerializer})
    def post(self, request: Request, slug: str) -> Response:
        """Have a generator write solutions; they come in as an import that can be undone."""
        place = _place(request, slug)
        wanted = sampling.Wanted(**valid(serializers.StartSamplingSerializer, request))
        made = sampling.request_solutions(project=place.project, by=place.user, wanted=wanted)
        return Response(serializers.SamplingSerializer(_run(place.project, made.pk)).data, status=202)


class SamplingDetail(APIView):
    @extend_schema(responses=serializers.SamplingSerializer)
    def get(self, request: Request, slug: str, pk: int) -> Response:
        """One run with the state of its job."""
        return Response(serializers.SamplingSerializer(_run(_place(request, slug).project, pk)).data)


class CancelSampling(APIView):
    @extend_schema(request=None, responses=serializers.SamplingSerializer)
    def post(self, request: Request, slug: str, pk: int) -> Response:
        """Ask the worker to stop; nothing is kept of the solutions."""
        place = _place(request, slug)
        sampling.cancel(sampling=_run(place.project, pk).sampling, by=place.user)
        return Response(serializers.SamplingSerializer(_run(place.project, pk)).data)


class GoOnSampling(APIView):
    @extend_schema(request=None, responses={202: serializers.SamplingSerializer})
    def post(self, request: Request, slug: str, pk: int) -> Response:
        """After a failure, once more from what was kept."""
        place = _place(request, slug)
        sampling.go_on(sampling=_run(place.project, pk).sampling, by=place.user)
        return Response(serializers.SamplingSerializer(_run(place.project, pk)).data, status=202)


def _place(request: Request, slug: str) -> Membership:
    return place_in_project(request.user, slug, Role.LEAD, Role.ML)


def _source(project: Project, pk: int) -> queries.Source:
    found = queries.source_of(project, pk=pk, now=timezone.now())
    if found is None:
        raise Http404
    return found


def _run(project: Project, pk: int) -> queries.Run:
    found = queries.run_of(project, pk=pk, now=timezone.now())
    if found is None:
        raise Http404
    return found
