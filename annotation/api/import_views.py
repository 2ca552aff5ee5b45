"""REST endpoints of files that come in: sent, checked, imported, taken back. And of files of gold."""

from collections.abc import Iterator
from io import BytesIO
from typing import Any

from django.http import Http404
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.parsers import BaseParser
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from annotation.api.parsers import asked, valid
from annotation.api.permissions import place_in_project
from annotation.models import ImportBatch, Membership
from annotation.models.imports import ImportKind
from annotation.models.problems import Split
from annotation.models.projects import Role
from annotation.models.quality import GoldKind
from annotation.queries import imports as queries
from annotation.services import gold_import
from annotation.services import import_batches as services
from annotation.services.import_batches import Choices
from annotation.services.import_checks import KINDS
from annotation.services.import_report import RefusedLine
from annotation.services.line_files import read_lines

CHUNK = 1 << 20
FILE: Any = {"application/octet-stream": OpenApiTypes.BINARY}


class AsItCame(BaseParser):
    """The body is a file, read piece by piece by whoever stores it."""

    media_type = "application/octet-stream"

    def parse(self, stream: Any, media_type: str | None = None, parser_context: Any = None) -> Any:
        return stream


class ChoicesSerializer(serializers.Serializer[Any]):
    name = serializers.CharField(max_length=200)
    kind = serializers.ChoiceField(choices=ImportKind.choices, required=False)
    split = serializers.ChoiceField(
        choices=Split.choices,
        default=None,
        allow_null=True,
        help_text="of problems that name none; left out: test for files called like phase1_test.jsonl, else train",
    )
    make_problems = serializers.BooleanField(default=True)
    generator = serializers.CharField(max_length=200, default="import")


class ByKind(serializers.DictField):
    """Counts by what is counted, the most frequent first."""

    child = serializers.IntegerField()

    def to_representation(self, value: Any) -> Any:
        return super().to_representation(dict(value))


class FiguresSerializer(serializers.Serializer[Any]):
    lines = serializers.IntegerField()
    created = serializers.IntegerField()
    already_there = serializers.IntegerField()
    folded = serializers.IntegerField(help_text="the same steps again in the file")
    problems_created = serializers.IntegerField()
    critiques = serializers.IntegerField()
    left_out = serializers.IntegerField(help_text="lines that the import left out, for the doubts in `leave_out`")
    leave_out = serializers.ListField(child=serializers.CharField())
    refused = serializers.IntegerField()
    refused_lines = serializers.JSONField(help_text="the first of them")
    doubts = ByKind(help_text="what a person should look at before the import is confirmed")
    doubtful_lines = serializers.JSONField(help_text="the first of them")
    lines_by_doubts = serializers.JSONField(
        help_text="[kinds, lines]: how many lines have exactly these doubts in them"
    )
    layouts = ByKind()
    notes = ByKind()
    grades = ByKind(help_text="of the answers of new solutions")


class ImportSerializer(serializers.Serializer[Any]):
    id = serializers.IntegerField(source="batch.pk")
    name = serializers.CharField(source="batch.name")
    kind = serializers.CharField(source="batch.kind")
    state = serializers.CharField(source="batch.state")
    sha256 = serializers.CharField(source="batch.sha256")
    created_at = serializers.DateTimeField(source="batch.created_at")
    is_working = serializers.BooleanField()
    trouble = serializers.CharField()
    figures = FiguresSerializer(allow_null=True)


class Imports(APIView):
    def get_parsers(self) -> list[BaseParser]:
        return [AsItCame()]

    @extend_schema(responses=ImportSerializer(many=True))
    def get(self, request: Request, slug: str) -> Response:
        """All imports, newest first."""
        project = place_in_project(request.user, slug, Role.LEAD).project
        return Response(ImportSerializer(queries.imports(project, now=timezone.now()), many=True).data)

    @extend_schema(parameters=[ChoicesSerializer], request=FILE, responses={202: ImportSerializer})
    def post(self, request: Request, slug: str) -> Response:
        """Send a file (JSON Lines, or the same packed by gzip) as the body; a worker checks it and writes nothing yet."""
        place = place_in_project(request.user, slug, Role.LEAD)
        told = asked(ChoicesSerializer, request)
        kind = ImportKind(told["kind"]) if "kind" in told else None
        choices = Choices(kind, told["split"], told["make_problems"], told["generator"])
        batch = services.request_import(
            project=place.project, by=place.user, name=told["name"], content=_pieces(request), choices=choices
        )
        return Response(ImportSerializer(_found(place, batch.pk)).data, status=202)


class ImportDetail(APIView):
    @extend_schema(responses=ImportSerializer)
    def get(self, request: Request, slug: str, pk: int) -> Response:
        """One file: what the check found, and what became of it; ask again to watch it."""
        return Response(ImportSerializer(_found(place_in_project(request.user, slug, Role.LEAD), pk)).data)


class ConfirmSerializer(serializers.Serializer[Any]):
    """`leave_out`: kinds of doubt, as `figures.doubts` names them, whose lines are not wanted. `without_doubtful`: all."""

    leave_out = serializers.MultipleChoiceField(choices=KINDS, required=False)
    without_doubtful = serializers.BooleanField(default=False)


class ConfirmImport(APIView):
    @extend_schema(request=ConfirmSerializer, responses={202: ImportSerializer})
    def post(self, request: Request, slug: str, pk: int) -> Response:
        """Import what was checked, with or without its lines in doubt: all of that, or nothing."""
        place = place_in_project(request.user, slug, Role.LEAD)
        told = valid(ConfirmSerializer, request)
        leave_out = KINDS if told["without_doubtful"] else told.get("leave_out", ())
        services.confirm_import(batch=_batch(place, pk), by=place.user, leave_out=leave_out)
        return Response(ImportSerializer(_found(place, pk)).data, status=202)


class CancelImport(APIView):
    @extend_schema(request=None, responses={202: ImportSerializer})
    def post(self, request: Request, slug: str, pk: int) -> Response:
        """Discard a file, or stop its import: nothing of it is kept then."""
        place = place_in_project(request.user, slug, Role.LEAD)
        services.cancel_import(batch=_batch(place, pk), by=place.user)
        return Response(ImportSerializer(_found(place, pk)).data, status=202)


class UndoImport(APIView):
    @extend_schema(request=None, responses={202: ImportSerializer})
    def post(self, request: Request, slug: str, pk: int) -> Response:
        """Remove what an import brought, while nothing of it is in use."""
        place = place_in_project(request.user, slug, Role.LEAD)
        services.request_undo(batch=_batch(place, pk), by=place.user)
        return Response(ImportSerializer(_found(place, pk)).data, status=202)


class GoldFileQuerySerializer(serializers.Serializer[Any]):
    """`kind`: of lines that name none. `check`: tell what the file would bring, and change nothing."""

    kind = serializers.ChoiceField(choices=GoldKind.choices, default=GoldKind.HIDDEN)
    check = serializers.BooleanField(default=False)


class GoldReportSerializer(serializers.Serializer[Any]):
    created = serializers.IntegerField()
    already_there = serializers.IntegerField()
    refused = serializers.JSONField()
    doubtful = serializers.JSONField()


class GoldFile(APIView):
    def get_parsers(self) -> list[BaseParser]:
        return [AsItCame()]

    @extend_schema(
        parameters=[GoldFileQuerySerializer],
        request=FILE,
        responses=GoldReportSerializer,
    )
    def post(self, request: Request, slug: str) -> Response:
        """Send a file of known solutions as the body, 5 MB at most."""
        place = place_in_project(request.user, slug, Role.LEAD)
        query = asked(GoldFileQuerySerializer, request)
        file = BytesIO(b"".join(_pieces(request, most=gold_import.MOST_BYTES)))
        report = gold_import.import_gold(
            project=place.project,
            lines=read_lines(file),
            source="sent by the API",
            by=place.user,
            kind=GoldKind(query["kind"]),
            dry_run=query["check"],
        )
        counts = {"created": report.created, "already_there": report.already_there}
        lines = {"refused": _lines(report.refused), "doubtful": _lines(report.doubtful)}
        return Response(GoldReportSerializer(counts | lines).data)


def _lines(lines: list[RefusedLine]) -> list[dict[str, Any]]:
    return [{"line": one.number, "path": one.path, "reason": one.reason} for one in lines]


def _pieces(request: Request, most: int | None = None) -> Iterator[bytes]:
    stream: Any = request.data if request.stream is not None else BytesIO()
    length = 0
    while piece := stream.read(CHUNK):
        length += len(piece)
        if most is not None and length > most:
            raise gold_import.GoldFileTooBig
        yield piece


def _found(place: Membership, pk: int) -> queries.Import:
    found = queries.batch_of(place.project, pk=pk, now=timezone.now())
    if found is None:
        raise Http404
    return found


def _batch(place: Membership, pk: int) -> ImportBatch:
    return _found(place, pk).batch
