"""REST endpoints of people: members, invitations, labelers and what leads do about them, one's own tokens."""

from collections.abc import Callable
from typing import Any

from django.http import Http404
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import Serializer
from rest_framework.views import APIView

from annotation.api import people_serializers as serializers
from annotation.api.parsers import asked, valid
from annotation.api.permissions import check_second_factor_for_token, place_in_project, signed_in
from annotation.models import ApiToken, Membership
from annotation.models.projects import Role
from annotation.queries import people, people_figures
from annotation.queries import quality as quality_queries
from annotation.queries import tokens as token_queries
from annotation.services import invitations, labelers, members, quality, screening, tokens


class Members(APIView):
    @extend_schema(responses=serializers.MemberSerializer(many=True))
    def get(self, request: Request, slug: str) -> Response:
        """Who belongs to the project."""
        page = people.people_page(place_in_project(request.user, slug, Role.LEAD).project)
        return Response(serializers.MemberSerializer(page.members, many=True).data)


class Member(APIView):
    @extend_schema(request=serializers.RoleSerializer, responses={204: None})
    def patch(self, request: Request, slug: str, pk: int) -> Response:
        """Give somebody another role."""
        place = place_in_project(request.user, slug, Role.LEAD)
        role = Role(valid(serializers.RoleSerializer, request)["role"])
        members.change_role(project=place.project, member=pk, role=role, by=place.user)
        return Response(status=204)

    @extend_schema(responses={204: None})
    def delete(self, request: Request, slug: str, pk: int) -> Response:
        """Let somebody go; their labels stay under their pseudonym."""
        place = place_in_project(request.user, slug, Role.LEAD)
        members.remove_member(project=place.project, member=pk, by=place.user)
        return Response(status=204)


class Invitations(APIView):
    @extend_schema(responses=serializers.InvitationSerializer(many=True))
    def get(self, request: Request, slug: str) -> Response:
        """Those that are open."""
        page = people.people_page(place_in_project(request.user, slug, Role.LEAD).project)
        return Response(serializers.InvitationSerializer(page.invitations, many=True).data)

    @extend_schema(request=serializers.InviteSerializer, responses={201: serializers.LinkSerializer})
    def post(self, request: Request, slug: str) -> Response:
        """Invite somebody: the answer holds the link to send them, which works once."""
        place = place_in_project(request.user, slug, Role.LEAD)
        data = valid(serializers.InviteSerializer, request)
        secret = invitations.invite(project=place.project, email=data["email"], role=Role(data["role"]), by=place.user)
        link = request.build_absolute_uri(f"/accounts/invitation/{secret}/")
        return Response(serializers.LinkSerializer({"link": link}).data, status=201)


class InvitationDetail(APIView):
    @extend_schema(responses={204: None})
    def delete(self, request: Request, slug: str, pk: int) -> Response:
        """Withdraw an invitation."""
        place = place_in_project(request.user, slug, Role.LEAD)
        invitations.withdraw(project=place.project, invitation=pk, by=place.user)
        return Response(status=204)


class Quality(APIView):
    @extend_schema(responses=serializers.LabelerSerializer(many=True))
    def get(self, request: Request, slug: str) -> Response:
        """How far each labeler agrees with what is known, who is paused, screened or left out."""
        project = place_in_project(request.user, slug, Role.LEAD, Role.REVIEWER).project
        page = quality_queries.quality_page(project)
        return Response(serializers.LabelerSerializer(page.labelers, many=True).data)


class Labelers(APIView):
    @extend_schema(
        parameters=[serializers.WindowSerializer],
        responses=serializers.FigureSerializer(many=True),
    )
    def get(self, request: Request, slug: str) -> Response:
        """Who labels how: labels, active time, speed, agreement with what is known."""
        project = place_in_project(request.user, slug, Role.LEAD).project
        window = asked(serializers.WindowSerializer, request)["days"]
        found = people_figures.people(project, today=timezone.now().date(), window=window)
        return Response(serializers.FigureSerializer(found.rows, many=True).data)


class Pause(APIView):
    @extend_schema(request=serializers.ReasonSerializer, responses={204: None})
    def post(self, request: Request, slug: str, pseudonym: str) -> Response:
        """No new solutions for this labeler; what they hold they may finish."""
        return _do(labelers.pause, request, slug, pseudonym, serializers.ReasonSerializer)


class Reinstate(APIView):
    @extend_schema(request=None, responses={204: None})
    def post(self, request: Request, slug: str, pseudonym: str) -> Response:
        """Give a paused labeler work again."""
        return _do(labelers.reinstate, request, slug, pseudonym)


class Admit(APIView):
    @extend_schema(request=None, responses={204: None})
    def post(self, request: Request, slug: str, pseudonym: str) -> Response:
        """Admit a labeler whatever their screening says."""
        return _do(screening.admit, request, slug, pseudonym)


class ScreenAgain(APIView):
    @extend_schema(request=None, responses={204: None})
    def post(self, request: Request, slug: str, pseudonym: str) -> Response:
        """Screen a labeler anew."""
        return _do(screening.screen_again, request, slug, pseudonym)


class Exclude(APIView):
    @extend_schema(request=serializers.ExclusionSerializer, responses={204: None})
    def post(self, request: Request, slug: str, pseudonym: str) -> Response:
        """Leave the labels since a moment out of training; nothing is deleted."""
        return _do(quality.exclude, request, slug, pseudonym, serializers.ExclusionSerializer)


class LiftExclusion(APIView):
    @extend_schema(request=None, responses={204: None})
    def post(self, request: Request, slug: str, pseudonym: str) -> Response:
        """Let the labels of a labeler train again."""
        return _do(quality.lift_exclusion, request, slug, pseudonym)


def _do(
    act: Callable[..., object],
    request: Request,
    slug: str,
    pseudonym: str,
    serializer: type[Serializer[Any]] | None = None,
) -> Response:
    """What a lead does about a labeler, with what the body says of it."""
    place = place_in_project(request.user, slug, Role.LEAD)
    found = quality_queries.labeler_by_pseudonym(place.project, pseudonym)
    if found is None:
        raise Http404
    act(labeler=found, by=place.user, **(valid(serializer, request) if serializer else {}))
    return Response(status=204)


class Tokens(APIView):
    people_only = True

    @extend_schema(responses=serializers.TokenSerializer(many=True))
    def get(self, request: Request) -> Response:
        """Your tokens that work; with a token for one project only those for it."""
        project = request.auth.project if isinstance(request.auth, ApiToken) else None
        found = token_queries.tokens(signed_in(request.user), project=project)
        return Response(serializers.TokenSerializer(found, many=True).data)

    @extend_schema(request=serializers.NewTokenSerializer, responses={201: serializers.SecretSerializer})
    def post(self, request: Request) -> Response:
        """Make a token. Only for signed-in people: a token makes no other."""
        user = signed_in(request.user)
        data = valid(serializers.NewTokenSerializer, request)
        places = Membership.objects.select_related("project").filter(user=user)
        check_second_factor_for_token(user)
        project = data.pop("project")
        place = places.filter(project__slug=project).first()
        if project and place is None:
            raise Http404
        scopes = sorted(data.pop("scopes"))
        made, secret = tokens.make(by=user, project=place.project if place else None, scopes=scopes, **data)
        made.refresh_from_db()
        return Response(serializers.SecretSerializer({"token": made, "secret": secret}).data, status=201)


class TokenDetail(APIView):
    @extend_schema(responses={204: None})
    def delete(self, request: Request, pk: int) -> Response:
        """Revoke a token of yours: it stops working at once."""
        tokens.revoke(token=pk, by=signed_in(request.user))
        return Response(status=204)
