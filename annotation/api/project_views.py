"""REST endpoints of projects: settings, instructions, messages, where it stands, who did what."""

from typing import Any, ClassVar

from django.core.exceptions import PermissionDenied
from django.http import Http404
from django.utils import timezone
from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from annotation.api import project_serializers as serializers
from annotation.api.parsers import asked, valid
from annotation.api.permissions import check_second_factor, labeler_for, place_in_project, signed_in
from annotation.api.round_serializers import ProjectSerializer
from annotation.models import ApiToken, Label, Labeler, Membership, Project
from annotation.models.projects import Role
from annotation.models.tokens import Scope
from annotation.queries import accounts, audit, desk, troubles, work
from annotation.queries import guidance as guidance_queries
from annotation.services import guidance, members, project_settings


class Projects(APIView):
    scope = Scope.LABEL
    label_scope_reads = True

    @extend_schema(responses=ProjectSerializer(many=True))
    def get(self, request: Request) -> Response:
        """The projects that you belong to, with your role in each; with a token for one project only that."""
        places = Membership.objects.filter(user=request.user.pk).select_related("project").order_by("project__slug")
        if isinstance(request.auth, ApiToken) and request.auth.project:
            places = places.filter(project=request.auth.project)
        return Response(ProjectSerializer(places, many=True).data)

    @extend_schema(request=serializers.NewProjectSerializer, responses={201: ProjectSerializer})
    def post(self, request: Request) -> Response:
        """Make a project and lead it. Who leads one already may do that, and superusers."""
        user = signed_in(request.user)
        if not accounts.may_make_projects(user):
            raise PermissionDenied(_("New projects are made by people who lead one already, and by superusers."))
        check_second_factor(user)
        made = members.found_project(by=user, **valid(serializers.NewProjectSerializer, request))
        place = Membership.objects.select_related("project").get(project=made, user=user)
        return Response(ProjectSerializer(place).data, status=201)


class ProjectDetail(APIView):
    @extend_schema(responses=ProjectSerializer)
    def get(self, request: Request, slug: str) -> Response:
        """One project, and your role in it."""
        return Response(ProjectSerializer(place_in_project(request.user, slug)).data)


class Settings(APIView):
    """How labels are given."""

    roles: ClassVar = [Role.LEAD]
    serializer: ClassVar[type[serializers.CheckedSettings]] = serializers.SettingsSerializer
    change = staticmethod(project_settings.change)

    @extend_schema(responses=serializers.SettingsSerializer)
    def get(self, request: Request, slug: str) -> Response:
        """How labels are given in the project."""
        return Response(self.serializer(place_in_project(request.user, slug, *self.roles).project).data)

    @extend_schema(request=serializers.SettingsSerializer(partial=True), responses=serializers.ChangedSerializer)
    def patch(self, request: Request, slug: str) -> Response:
        """Change some of it; answers with the names of those that were different."""
        place = place_in_project(request.user, slug, *self.roles)
        form = self.serializer(place.project, data=request.data, partial=True)
        form.is_valid(raise_exception=True)
        changed = self.change(project=place.project, by=place.user, **form.validated_data)
        return Response(serializers.ChangedSerializer({"changed": changed}).data)


class Selection(Settings):
    roles: ClassVar = [Role.ML, Role.LEAD]
    serializer: ClassVar[type[serializers.CheckedSettings]] = serializers.SelectionSerializer
    change = staticmethod(project_settings.change_selection)

    @extend_schema(responses=serializers.SelectionSerializer)
    def get(self, request: Request, slug: str) -> Response:
        """What rounds choose and train."""
        return super().get(request, slug)

    @extend_schema(request=serializers.SelectionSerializer(partial=True), responses=serializers.ChangedSerializer)
    def patch(self, request: Request, slug: str) -> Response:
        """Change some of it. A round that runs goes on as it was started."""
        return super().patch(request, slug)


class Standing(APIView):
    @extend_schema(responses=serializers.StandingSerializer)
    def get(self, request: Request, slug: str) -> Response:
        """Where the project stands: by round as in the paper's table 3, and when it may be done."""
        project = place_in_project(request.user, slug, Role.LEAD).project
        return Response(serializers.StandingSerializer(desk.standing(project, now=timezone.now())).data)


class Troubles(APIView):
    @extend_schema(responses=serializers.TroubleSerializer(many=True))
    def get(self, request: Request, slug: str) -> Response:
        """What is wrong, and what to do about it."""
        project = place_in_project(request.user, slug, Role.LEAD).project
        return Response(serializers.TroubleSerializer(troubles.troubles(project, now=timezone.now()), many=True).data)


class Instructions(APIView):
    scope = Scope.LABEL
    label_scope_reads = True

    @extend_schema(responses=serializers.InstructionsSerializer)
    def get(self, request: Request, slug: str) -> Response:
        """The newest version of what labelers are told; an empty text is the built-in page."""
        found = guidance_queries.newest_instructions(place_in_project(request.user, slug).project)
        if found is None:
            raise Http404
        return Response(serializers.InstructionsSerializer(found).data)

    @extend_schema(request=serializers.NewInstructionsSerializer, responses={201: serializers.InstructionsSerializer})
    def post(self, request: Request, slug: str) -> Response:
        """Publish the next version, written in sight of the version `based_on`. With `must_acknowledge` nobody gets new
        work before they have read it, and `changes` says what is new."""
        place = place_in_project(request.user, slug, Role.LEAD)
        made = guidance.publish_instructions(
            project=place.project, by=place.user, **valid(serializers.NewInstructionsSerializer, request)
        )
        return Response(serializers.InstructionsSerializer(made).data, status=201)


class Messages(APIView):
    @extend_schema(parameters=[OpenApiParameter("page", int)], responses=serializers.SentSerializer(many=True))
    def get(self, request: Request, slug: str) -> Response:
        """What leads wrote, newest first, who has read it and what they answered."""
        project = place_in_project(request.user, slug, Role.LEAD).project
        page = guidance_queries.guidance_page(project, page=request.query_params.get("page"))
        return Response(serializers.SentSerializer(page.sent, many=True).data)

    @extend_schema(request=serializers.NewMessageSerializer, responses={201: serializers.MessageSerializer})
    def post(self, request: Request, slug: str) -> Response:
        """Write to one labeler, or to all."""
        place = place_in_project(request.user, slug, Role.LEAD)
        data = valid(serializers.NewMessageSerializer, request)
        to, about = _recipient(place.project, data), _label(place.project, data)
        made = guidance.send(project=place.project, by=place.user, text=data["text"], to=to, about=about)
        made.refresh_from_db()
        return Response(serializers.MessageSerializer(made).data, status=201)


class Inbox(APIView):
    scope = Scope.LABEL

    @extend_schema(responses=serializers.ReceivedSerializer(many=True))
    def get(self, request: Request, slug: str) -> Response:
        """What leads wrote to you or to all, unread first, with your answers."""
        received = work.messages_to(labeler_for(request.user, slug))
        return Response(serializers.ReceivedSerializer(received, many=True).data)


class ReadMessages(APIView):
    scope = Scope.LABEL

    @extend_schema(request=serializers.ReadSerializer, responses={204: None})
    def post(self, request: Request, slug: str) -> Response:
        """Say that you have read messages; those that are not for you are left out."""
        guidance.mark_read(by=labeler_for(request.user, slug), **valid(serializers.ReadSerializer, request))
        return Response(status=204)


class Reply(APIView):
    scope = Scope.LABEL

    @extend_schema(request=serializers.WordsSerializer, responses={201: serializers.MessageSerializer})
    def post(self, request: Request, slug: str, pk: int) -> Response:
        """Answer a message that you were sent."""
        labeler = labeler_for(request.user, slug)
        made = guidance.reply(by=labeler, message=pk, **valid(serializers.WordsSerializer, request))
        made.refresh_from_db()
        return Response(serializers.MessageSerializer(made).data, status=201)


class PracticeDone(APIView):
    scope = Scope.LABEL

    @extend_schema(request=None, responses={204: None})
    def post(self, request: Request, slug: str) -> Response:
        """Say that you have been through the practice run."""
        guidance.finish_practice(by=labeler_for(request.user, slug))
        return Response(status=204)


class Audit(APIView):
    @extend_schema(
        parameters=[serializers.WantedSerializer],
        responses=serializers.AuditSerializer,
    )
    def get(self, request: Request, slug: str) -> Response:
        """Who did what, newest first, a hundred at a time, with what stood there before."""
        place = place_in_project(request.user, slug, Role.LEAD)
        query = asked(serializers.WantedSerializer, request)
        before = query.pop("before", None)
        page = audit.audit_page(place, audit.Wanted(**query), before=before)
        return Response(serializers.AuditSerializer(page).data)


def _recipient(project: Project, data: dict[str, Any]) -> Labeler | None:
    if data["to"] is None:
        return None
    found = guidance_queries.recipients(project).filter(pseudonym=data["to"]).first()
    if found is None:
        raise Http404
    return found


def _label(project: Project, data: dict[str, Any]) -> Label | None:
    if data["label"] is None:
        return None
    found = guidance_queries.label_to_write_about(project, data["label"])
    if found is None:
        raise Http404
    return found
