"""REST endpoints of those who decide: disagreements, doubts, unsure marks, the answers of problems."""

from django.http import Http404
from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from annotation.api import quality_serializers as serializers
from annotation.api.parsers import asked, valid
from annotation.api.permissions import place_in_project
from annotation.models import Membership
from annotation.models.projects import Role
from annotation.queries import adjudication as cases
from annotation.queries import problems, reports
from annotation.queries.adjudication import Show
from annotation.queries.reports import Kind
from annotation.services import adjudication, flags, grading, resolutions, truths
from annotation.services import problems as problem_services
from annotation.services.judgements import Judgement


class Cases(APIView):
    @extend_schema(
        operation_id="v1_projects_adjudication_list",
        parameters=[serializers.CasesQuerySerializer],
        responses=serializers.CasesSerializer,
    )
    def get(self, request: Request, slug: str) -> Response:
        """Solutions whose labelers disagree, and that you may decide; or others, by `show`."""
        place = place_in_project(request.user, slug, Role.LEAD, Role.REVIEWER)
        query = asked(serializers.CasesQuerySerializer, request)
        found = cases.list_page(place.project, by=place.user, show=Show(query["show"]), page=query["page"])
        return Response(serializers.CasesSerializer(found).data)


class Case(APIView):
    @extend_schema(responses=serializers.CaseSerializer)
    def get(self, request: Request, slug: str, pk: int) -> Response:
        """One solution to decide. What the others say is shown after your own judgement, not before."""
        place = place_in_project(request.user, slug, Role.LEAD, Role.REVIEWER)
        found = cases.case_page(place.project, solution=pk, by=place.user)
        if found is None:
            raise Http404
        return Response(serializers.CaseSerializer(found).data)


class JudgeBlind(APIView):
    @extend_schema(request=serializers.JudgementSerializer, responses={204: None})
    def post(self, request: Request, slug: str, pk: int) -> Response:
        """Your own judgement, before you see the others'; from then on the solution is yours to decide."""
        place = _place(request, slug, pk, Role.LEAD, Role.REVIEWER)
        adjudication.judge_blind(project=place.project, solution=pk, judgement=_judgement(request), by=place.user)
        return Response(status=204)


class Decide(APIView):
    @extend_schema(request=serializers.JudgementSerializer, responses={204: None})
    def post(self, request: Request, slug: str, pk: int) -> Response:
        """The judgement that trains in place of the labels."""
        place = _place(request, slug, pk, Role.LEAD, Role.REVIEWER)
        adjudication.decide(project=place.project, solution=pk, judgement=_judgement(request), by=place.user)
        return Response(status=204)


class TakeOver(APIView):
    @extend_schema(request=serializers.TakeOverSerializer, responses={204: None})
    def post(self, request: Request, slug: str, pk: int) -> Response:
        """Decide that one of the labels is right as it stands."""
        place = _place(request, slug, pk, Role.LEAD, Role.REVIEWER)
        data = valid(serializers.TakeOverSerializer, request)
        adjudication.take_over(project=place.project, solution=pk, by=place.user, **data)
        return Response(status=204)


class PutBack(APIView):
    @extend_schema(request=None, responses={204: None})
    def post(self, request: Request, slug: str, pk: int) -> Response:
        """Let somebody else decide."""
        place = _place(request, slug, pk, Role.LEAD, Role.REVIEWER)
        adjudication.put_back(project=place.project, solution=pk, by=place.user)
        return Response(status=204)


class Promote(APIView):
    @extend_schema(request=serializers.PromoteSerializer, responses={201: serializers.GoldSerializer})
    def post(self, request: Request, slug: str, pk: int) -> Response:
        """Make the decided solution hidden gold."""
        place = _place(request, slug, pk, Role.LEAD)
        data = valid(serializers.PromoteSerializer, request)
        made = adjudication.promote(project=place.project, solution=pk, by=place.user, **data)
        return Response(serializers.GoldSerializer(made).data, status=201)


class Reports(APIView):
    @extend_schema(parameters=[serializers.ReportsQuerySerializer], responses=serializers.ReportsSerializer)
    def get(self, request: Request, slug: str) -> Response:
        """What labelers told beside their ratings: bad problems, doubted answers, unsure marks, what they gave up."""
        place = place_in_project(request.user, slug, Role.LEAD)
        query = asked(serializers.ReportsQuerySerializer, request)
        found = reports.reports_page(place, kind=Kind(query["show"]), page=query["page"], is_done=query["done"])
        return Response(serializers.ReportsSerializer(found).data)


class TruthIsWrong(APIView):
    @extend_schema(request=serializers.TruthSerializer, responses=serializers.CorrectionSerializer)
    def post(self, request: Request, slug: str, pk: int) -> Response:
        """Resolve a doubted answer: the answer that was expected is wrong, and is `new`."""
        place = place_in_project(request.user, slug, Role.LEAD)
        data = valid(serializers.TruthSerializer, request)
        found = resolutions.truth_is_wrong(
            project=place.project, dispute=pk, old=data["old"], new=data["new"], by=place.user
        )
        return Response(serializers.CorrectionSerializer(found).data)


class GraderIsWrong(APIView):
    @extend_schema(request=None, responses={204: None})
    def post(self, request: Request, slug: str, pk: int) -> Response:
        """Resolve a doubted answer: it means the same as the expected one."""
        place = place_in_project(request.user, slug, Role.LEAD)
        resolutions.grader_is_wrong(project=place.project, dispute=pk, by=place.user)
        return Response(status=204)


class LabelerIsWrong(APIView):
    @extend_schema(request=serializers.OptionalWordsSerializer, responses={204: None})
    def post(self, request: Request, slug: str, pk: int) -> Response:
        """Resolve a doubted answer: the labeler missed an error; `text` is a message to them, where there is one."""
        place = place_in_project(request.user, slug, Role.LEAD)
        data = valid(serializers.OptionalWordsSerializer, request)
        resolutions.labeler_is_wrong(project=place.project, dispute=pk, by=place.user, **data)
        return Response(status=204)


class Flag(APIView):
    @extend_schema(request=serializers.OptionalWordsSerializer, responses={204: None})
    def post(self, request: Request, slug: str, pk: int) -> Response:
        """Mark an unsure mark as done, with a reply to the labeler where there is one."""
        place = place_in_project(request.user, slug, Role.LEAD)
        flags.review_flag(
            project=place.project, rating=pk, by=place.user, **valid(serializers.OptionalWordsSerializer, request)
        )
        return Response(status=204)

    @extend_schema(responses={204: None})
    def delete(self, request: Request, slug: str, pk: int) -> Response:
        """Open it again."""
        place = place_in_project(request.user, slug, Role.LEAD)
        flags.reopen_flag(project=place.project, rating=pk, by=place.user)
        return Response(status=204)


class Problems(APIView):
    @extend_schema(
        operation_id="v1_projects_problems_list",
        parameters=[OpenApiParameter("search", str), OpenApiParameter("page", int)],
        responses=serializers.ProblemsSerializer,
    )
    def get(self, request: Request, slug: str) -> Response:
        """The problems, or those that `search` finds by their id or their words."""
        project = place_in_project(request.user, slug, Role.LEAD).project
        query = request.query_params
        found = problems.problems_page(
            project, search=query.get("search", ""), page=query.get("page"), now=timezone.now()
        )
        return Response(serializers.ProblemsSerializer(found).data)


class Problem(APIView):
    @extend_schema(parameters=[OpenApiParameter("page", int)], responses=serializers.ProblemSerializer)
    def get(self, request: Request, slug: str, pk: int) -> Response:
        """One problem, its solutions with their grades, and how its answer changed."""
        project = place_in_project(request.user, slug, Role.LEAD).project
        found = problems.problem_page(project, pk=pk, page=request.query_params.get("page"), now=timezone.now())
        if found is None:
            raise Http404
        return Response(serializers.ProblemSerializer(found).data)


class Answer(APIView):
    @extend_schema(request=serializers.TruthSerializer, responses=serializers.CorrectionSerializer)
    def put(self, request: Request, slug: str, pk: int) -> Response:
        """Correct the answer of a problem; its solutions are graded again."""
        place = place_in_project(request.user, slug, Role.LEAD)
        data = valid(serializers.TruthSerializer, request)
        found = truths.correct_truth(project=place.project, problem=pk, by=place.user, **data)
        return Response(serializers.CorrectionSerializer(found).data)


class WithdrawProblem(APIView):
    @extend_schema(request=None, responses={204: None})
    def post(self, request: Request, slug: str, pk: int) -> Response:
        """Nobody can answer it: its solutions leave the queue, its labels are kept and do not train."""
        place = place_in_project(request.user, slug, Role.LEAD)
        problem_services.withdraw_problem(project=place.project, problem=pk, by=place.user)
        return Response(status=204)


class RestoreProblem(APIView):
    @extend_schema(request=None, responses={204: None})
    def post(self, request: Request, slug: str, pk: int) -> Response:
        """Use a withdrawn problem again: its labels train, and its solutions may be chosen."""
        place = place_in_project(request.user, slug, Role.LEAD)
        problem_services.restore_problem(project=place.project, problem=pk, by=place.user)
        return Response(status=204)


class GradePending(APIView):
    @extend_schema(request=None, responses={202: None})
    def post(self, request: Request, slug: str) -> Response:
        """Have all graded that waits for it."""
        place = place_in_project(request.user, slug, Role.LEAD)
        grading.request_grading(project=place.project, by=place.user)
        return Response(status=202)

    @extend_schema(responses={204: None})
    def delete(self, request: Request, slug: str) -> Response:
        """Stop that; what is graded stays so."""
        place = place_in_project(request.user, slug, Role.LEAD)
        grading.cancel_grading(project=place.project, by=place.user)
        return Response(status=204)


def _place(request: Request, slug: str, solution: int, *roles: Role) -> Membership:
    """The person's place; where the solution is none to decide in this project, nobody is told more."""
    place = place_in_project(request.user, slug, *roles)
    if not cases.is_case(place.project, solution=solution):
        raise Http404
    return place


def _judgement(request: Request) -> Judgement:
    form = serializers.JudgementSerializer(data=request.data)
    form.is_valid(raise_exception=True)
    return form.judgement()
