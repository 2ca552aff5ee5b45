"""REST endpoints of datasets."""

from django.http import Http404
from django.http.response import HttpResponseBase
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from annotation.api import dataset_serializers as serializers
from annotation.api.files import FILE_TYPES, file_response
from annotation.api.parsers import valid
from annotation.api.permissions import place_in_project
from annotation.models import Project
from annotation.models.projects import Role
from annotation.queries import datasets as queries
from annotation.services import publishing, snapshots


class Datasets(APIView):
    @extend_schema(responses=serializers.DatasetSerializer(many=True))
    def get(self, request: Request, slug: str) -> Response:
        """The datasets that were asked for, newest first, at most fifty."""
        project = place_in_project(request.user, slug, Role.LEAD).project
        found = queries.datasets(project, now=timezone.now())
        return Response(serializers.DatasetSerializer(found, many=True).data)

    @extend_schema(request=serializers.AskForDatasetSerializer, responses={202: serializers.DatasetSerializer})
    def post(self, request: Request, slug: str) -> Response:
        """Ask for a dataset. A worker makes it; ask for the dataset to see how far it is."""
        place = place_in_project(request.user, slug, Role.LEAD)
        asked = valid(serializers.AskForDatasetSerializer, request)
        return _accepted(place.project, snapshots.request_snapshot(project=place.project, by=place.user, **asked).pk)


class DatasetDetail(APIView):
    @extend_schema(responses=serializers.DatasetSerializer)
    def get(self, request: Request, slug: str, pk: int) -> Response:
        """One dataset with the state of its job and its files."""
        project = place_in_project(request.user, slug, Role.LEAD).project
        return Response(serializers.DatasetSerializer(_found(project, pk)).data)


class CancelDataset(APIView):
    @extend_schema(request=None, responses=serializers.DatasetSerializer)
    def post(self, request: Request, slug: str, pk: int) -> Response:
        """Ask the worker to stop; nothing is kept of the files."""
        place = place_in_project(request.user, slug, Role.LEAD)
        snapshots.cancel_snapshot(snapshot=_found(place.project, pk).snapshot, by=place.user)
        return Response(serializers.DatasetSerializer(_found(place.project, pk)).data)


class RepeatDataset(APIView):
    @extend_schema(request=None, responses={202: serializers.DatasetSerializer})
    def post(self, request: Request, slug: str, pk: int) -> Response:
        """Have the same files made once more, byte for byte, whatever has changed since."""
        place = place_in_project(request.user, slug, Role.LEAD)
        again = snapshots.repeat_snapshot(snapshot=_found(place.project, pk).snapshot, by=place.user)
        return _accepted(place.project, again.pk)


class PublishDataset(APIView):
    @extend_schema(request=serializers.PublishSerializer, responses={202: serializers.DatasetSerializer})
    def post(self, request: Request, slug: str, pk: int) -> Response:
        """Have the files brought to a dataset repository of the Hugging Face Hub."""
        place = place_in_project(request.user, slug, Role.LEAD)
        snapshot = _found(place.project, pk).snapshot
        publishing.request_publication(
            snapshot=snapshot, by=place.user, **valid(serializers.PublishSerializer, request)
        )
        return _accepted(place.project, pk)


class DatasetFileContent(APIView):
    @extend_schema(responses={(status, one): OpenApiTypes.BINARY for status in (200, 206) for one in FILE_TYPES})
    def get(self, request: Request, slug: str, pk: int, name: str) -> HttpResponseBase:
        """A file of a finished dataset; with `Range: bytes=N-` from there on."""
        project = place_in_project(request.user, slug, Role.LEAD).project
        path = queries.dataset_file(project, pk=pk, name=name)
        if path is None:
            raise Http404
        return file_response(request, path, name=f"{slug}-dataset-{pk}-{name}")


def _accepted(project: Project, pk: int) -> Response:
    return Response(serializers.DatasetSerializer(_found(project, pk)).data, status=202)


def _found(project: Project, pk: int) -> queries.Dataset:
    found = queries.dataset(project, pk=pk, now=timezone.now())
    if found is None:
        raise Http404
    return found
