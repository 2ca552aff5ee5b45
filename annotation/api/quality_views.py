"""REST endpoints of known solutions: the list, one of it, and what labelers get wrong."""

from django.http import Http404
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from annotation.api import quality_serializers as serializers
from annotation.api.parsers import asked, valid
from annotation.api.permissions import place_in_project
from annotation.models import Gold as GoldRow
from annotation.models import Membership
from annotation.models.projects import Role
from annotation.models.quality import GoldKind
from annotation.queries import gold as queries
from annotation.queries import mistakes
from annotation.queries.gold import Shelf
from annotation.services import gold as services


class Gold(APIView):
    @extend_schema(
        operation_id="v1_projects_gold_list",
        parameters=[serializers.GoldQuerySerializer],
        responses=serializers.GoldPageSerializer,
    )
    def get(self, request: Request, slug: str) -> Response:
        """Solutions whose first error is known, of one use; hidden ones, where none is named."""
        project = place_in_project(request.user, slug, Role.LEAD, Role.REVIEWER).project
        query = asked(serializers.GoldQuerySerializer, request)
        found = queries.gold_page(project, shelf=Shelf(query["show"]), page=query["page"])
        return Response(serializers.GoldPageSerializer(found).data)

    @extend_schema(request=serializers.NewGoldSerializer, responses={201: serializers.GoldSerializer})
    def post(self, request: Request, slug: str) -> Response:
        """Say what is known of a solution; hidden gold is mixed in from the next round on."""
        place = place_in_project(request.user, slug, Role.LEAD)
        data = valid(serializers.NewGoldSerializer, request)
        solution = queries.solution_to_know(place.project, str(data.pop("solution")))
        if solution is None:
            raise Http404
        made = services.add_gold(solution=solution, by=place.user, **data | {"kind": GoldKind(data["kind"])})
        return Response(serializers.GoldSerializer(made).data, status=201)


class GoldDetail(APIView):
    @extend_schema(responses=serializers.GoldSerializer)
    def get(self, request: Request, slug: str, pk: int) -> Response:
        """One known solution."""
        place = place_in_project(request.user, slug, Role.LEAD, Role.REVIEWER)
        return Response(serializers.GoldSerializer(_gold(place, pk)).data)

    @extend_schema(request=serializers.GoldValuesSerializer, responses=serializers.GoldSerializer)
    def put(self, request: Request, slug: str, pk: int) -> Response:
        """Correct what is known; past labels of it are compared anew."""
        place = place_in_project(request.user, slug, Role.LEAD)
        gold, data = _gold(place, pk), valid(serializers.GoldValuesSerializer, request)
        made = services.change_gold(gold=gold, by=place.user, **data | {"kind": GoldKind(data["kind"])})
        return Response(serializers.GoldSerializer(made).data)


class RetireGold(APIView):
    @extend_schema(request=None, responses={204: None})
    def post(self, request: Request, slug: str, pk: int) -> Response:
        """Show it to nobody any more; what was compared with it stays."""
        place = place_in_project(request.user, slug, Role.LEAD)
        services.retire_gold(gold=_gold(place, pk), by=place.user)
        return Response(status=204)


class BringBackGold(APIView):
    @extend_schema(request=None, responses={204: None})
    def post(self, request: Request, slug: str, pk: int) -> Response:
        """Use it again, from the next round or screening on."""
        place = place_in_project(request.user, slug, Role.LEAD)
        services.bring_back_gold(gold=_gold(place, pk), by=place.user)
        return Response(status=204)


class Mistakes(APIView):
    @extend_schema(responses=serializers.MistakesSerializer)
    def get(self, request: Request, slug: str) -> Response:
        """What labelers get wrong of what is known, the most often missed first."""
        project = place_in_project(request.user, slug, Role.LEAD, Role.REVIEWER).project
        return Response(serializers.MistakesSerializer(mistakes.mistakes(project)).data)


def _gold(place: Membership, pk: int) -> GoldRow:
    found = queries.gold_of(place.project, pk)
    if found is None:
        raise Http404
    return found
