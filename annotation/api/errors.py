"""The one table from refusals to HTTP."""

from typing import Any

from django.core.exceptions import PermissionDenied
from django.db import InterfaceError, OperationalError
from django.http import Http404
from django.utils.translation import gettext as _
from rest_framework import exceptions
from rest_framework.response import Response
from rest_framework.views import set_rollback

from annotation.api.permissions import SecondFactorWanted
from annotation.services import (
    adjudication,
    automatic,
    consensus,
    export_contents,
    export_hub,
    export_orders,
    flags,
    generators,
    gold,
    gold_import,
    guidance,
    import_batches,
    import_layouts,
    import_lock,
    import_uses,
    invitations,
    jobs,
    judgements,
    labelers,
    labeling,
    line_files,
    members,
    options,
    outgoing,
    problems,
    project_settings,
    publishing,
    quality,
    queue,
    resolutions,
    rounds,
    sampling,
    scoring,
    screening,
    snapshots,
    tokens,
    truths,
    webhooks,
)
from annotation.services.refusal import Refusal

REFUSALS: dict[type[Refusal], tuple[int, str]] = {
    queue.LabelerPaused: (403, "labeler_paused"),
    queue.NotAdmitted: (403, "not_admitted"),
    queue.RulesChanged: (409, "rules_changed"),
    queue.LeaseLost: (409, "lease_lost"),
    labeling.NotYourSlot: (404, "not_found"),
    labeling.AlreadyLabelled: (409, "already_labelled"),
    labeling.IdReused: (422, "id_reused"),
    labeling.NotYourLabel: (404, "not_found"),
    labeling.AlreadyCorrected: (409, "already_corrected"),
    labeling.TooLateToCorrect: (409, "too_late_to_correct"),
    judgements.IncompleteLabel: (400, "incomplete_label"),
    options.NoSuchStep: (404, "not_found"),
    guidance.UnknownVersion: (404, "not_found"),
    guidance.NotYourMessage: (404, "not_found"),
    guidance.NothingSaid: (400, "nothing_said"),
    guidance.PublishedMeanwhile: (409, "published_meanwhile"),
    guidance.ChangesUntold: (400, "changes_untold"),
    scoring.RoundRunning: (409, "round_running"),
    rounds.NothingToSelect: (409, "nothing_to_select"),
    rounds.NothingToMix: (409, "nothing_to_mix"),
    rounds.UnreadableProblems: (409, "unreadable_problems"),
    rounds.MixByChance: (400, "mix_by_chance"),
    tokens.TokenGone: (401, "token_gone"),
    tokens.NoSuchToken: (404, "not_found"),
    tokens.NotYourProject: (404, "not_found"),
    tokens.BadLifetime: (400, "bad_lifetime"),
    tokens.TooManyTokens: (409, "too_many_tokens"),
    rounds.HeldOutPicked: (409, "held_out_picked"),
    import_lock.ImportRunning: (409, "import_running"),
    import_batches.EmptyFile: (400, "empty_file"),
    import_batches.FileTooBig: (413, "file_too_big"),
    import_batches.TooManyOpenImports: (409, "too_many_open_imports"),
    import_batches.ImportMovedOn: (409, "import_moved_on"),
    import_batches.NothingNew: (409, "nothing_new"),
    import_layouts.UnknownLayout: (400, "unknown_layout"),
    import_layouts.NotJsonLines: (400, "not_json_lines"),
    import_uses.ImportInUse: (409, "import_in_use"),
    line_files.UnreadableFile: (400, "unreadable_file"),
    adjudication.NothingToDecide: (404, "nothing_to_decide"),
    adjudication.OwnLabel: (403, "own_label"),
    adjudication.SeenAlready: (403, "seen_already"),
    adjudication.JudgedAlready: (409, "judged_already"),
    adjudication.TakenByAnother: (409, "taken_by_another"),
    adjudication.AlreadyDecided: (409, "already_decided"),
    adjudication.NotJudgedYet: (409, "not_judged_yet"),
    adjudication.NotDecidedYet: (409, "not_decided_yet"),
    adjudication.DecisionLeftOut: (400, "decision_left_out"),
    flags.NoSuchFlag: (404, "not_found"),
    flags.AlreadyReviewed: (409, "already_reviewed"),
    flags.OpenAlready: (409, "open_already"),
    flags.CannotBeReached: (409, "cannot_be_reached"),
    gold.GoldAlready: (409, "gold_already"),
    gold.NoGoldHere: (409, "no_gold_here"),
    gold.NoSuchErrorStep: (400, "no_such_error_step"),
    gold.NotForGold: (409, "not_for_gold"),
    gold.TooManyWords: (400, "too_many_words"),
    gold.RetiredAlready: (409, "retired_already"),
    gold.NotRetired: (409, "not_retired"),
    gold_import.GoldFileTooBig: (413, "gold_file_too_big"),
    gold_import.TooManyLines: (400, "too_many_lines"),
    invitations.InvitationGone: (404, "invitation_gone"),
    invitations.AlreadyMember: (409, "already_member"),
    invitations.MemberAlready: (409, "member_already"),
    invitations.InvitedAlready: (409, "invited_already"),
    invitations.NameTaken: (409, "name_taken"),
    invitations.NotOpen: (404, "not_found"),
    labelers.NoReason: (400, "no_reason"),
    labelers.NotPaused: (409, "not_paused"),
    labelers.PausedAlready: (409, "paused_already"),
    members.SlugTaken: (409, "slug_taken"),
    members.BadSlug: (400, "bad_slug"),
    members.LastLead: (409, "last_lead"),
    members.NotAMember: (404, "not_found"),
    project_settings.PhaseIsFixed: (409, "phase_is_fixed"),
    project_settings.SomebodyIsLabeling: (409, "somebody_is_labeling"),
    quality.ExcludedAlready: (409, "excluded_already"),
    quality.NotExcluded: (409, "not_excluded"),
    quality.NoReasonGiven: (400, "no_reason"),
    quality.DayToCome: (400, "day_to_come"),
    resolutions.NoSuchDispute: (404, "not_found"),
    resolutions.AlreadyResolved: (409, "already_resolved"),
    resolutions.NobodyToWriteTo: (409, "nobody_to_write_to"),
    screening.NothingToScreenWith: (409, "nothing_to_screen_with"),
    screening.SoAlready: (409, "so_already"),
    problems.NoSuchProblem: (404, "not_found"),
    problems.WithdrawnAlready: (409, "withdrawn_already"),
    problems.NotWithdrawn: (409, "not_withdrawn"),
    truths.SameTruth: (409, "same_truth"),
    truths.TruthChangedMeanwhile: (409, "truth_changed_meanwhile"),
    truths.TruthTooLong: (400, "truth_too_long"),
    outgoing.NotAllowed: (400, "address_not_allowed"),
    outgoing.NotSent: (502, "not_sent"),
    webhooks.NamedAlready: (409, "named_already"),
    webhooks.TooManyWebhooks: (409, "too_many_webhooks"),
    webhooks.NoSuchWebhook: (404, "not_found"),
    jobs.NotCancellable: (409, "not_cancellable"),
    jobs.NotFailed: (409, "not_failed"),
    export_orders.NeutralKept: (400, "neutral_kept"),
    export_orders.NeutralUndecided: (400, "neutral_undecided"),
    export_orders.PackedAlready: (400, "packed_already"),
    export_orders.NothingScored: (409, "nothing_scored"),
    export_orders.NotOfPeople: (400, "not_of_people"),
    export_orders.NothingAutomatic: (409, "nothing_automatic"),
    export_contents.ContentsGone: (409, "contents_gone"),
    snapshots.NotFinished: (409, "not_finished"),
    export_hub.NotARepository: (400, "not_a_repository"),
    export_hub.NoToken: (409, "no_hub_token"),
    export_hub.HubMissing: (503, "hub_missing"),
    export_hub.HubRefused: (502, "hub_refused"),
    publishing.RepositoryTaken: (409, "repository_taken"),
    generators.UnknownGenerator: (400, "unknown_generator"),
    generators.ServerNotAllowed: (400, "server_not_allowed"),
    automatic.SourceNameTaken: (409, "name_taken"),
    automatic.NothingToLabel: (409, "nothing_to_label"),
    automatic.NoSuchVersion: (400, "no_such_version"),
    automatic.AskedAlready: (409, "asked_already"),
    consensus.NoRoundYet: (409, "no_round_yet"),
    consensus.NothingToSend: (409, "nothing_to_send"),
    sampling.NoProblems: (409, "no_problems"),
    sampling.AskedAlready: (409, "asked_already"),
    sampling.BudgetTooSmall: (400, "budget_too_small"),
}


# RFC 9110, §11.6.1: a 401 says how one may come in.
ASK = {"WWW-Authenticate": "Bearer"}


def answer(exception: Exception, context: dict[str, Any]) -> Response | None:
    """Every refusal as {"code", "detail"}; what is not in the table is a bug and stays a 500."""
    if isinstance(exception, OperationalError | InterfaceError):
        sentence = _("The database is away for a moment. Nothing is lost; try again in a few seconds.")
        return _response(503, "database_away", sentence, headers={"Retry-After": "3"})
    if isinstance(exception, Refusal):
        status, code = REFUSALS[type(exception)]
        return _response(status, code, _(str(exception)))
    if isinstance(exception, Http404):
        exception = exceptions.NotFound(_("There is nothing here for you."))
    if isinstance(exception, SecondFactorWanted):
        return _response(403, "second_factor_wanted", str(exception))
    if isinstance(exception, PermissionDenied):
        exception = exceptions.PermissionDenied(str(exception))
    if isinstance(exception, exceptions.APIException):
        return _from_rest(exception)
    return None


def _from_rest(error: exceptions.APIException) -> Response:
    match error:
        case exceptions.AuthenticationFailed() if error.get_codes() == "token_gone":
            return _response(401, "token_gone", _(str(error.detail)), headers=ASK)
        case exceptions.NotAuthenticated() | exceptions.AuthenticationFailed():
            return _response(401, "not_signed_in", _("Please sign in."), headers=ASK)
        case exceptions.PermissionDenied():
            return _response(403, "not_allowed", str(error.detail))
        case exceptions.ValidationError():
            return _response(400, "invalid", _("Some fields are not right."), fields=error.detail)
        case _:
            return _response(error.status_code, str(error.default_code), str(error.detail))


def _response(
    status: int, code: str, detail: str, *, fields: Any = None, headers: dict[str, str] | None = None
) -> Response:
    set_rollback()
    body = {"code": code, "detail": detail} | ({"fields": fields} if fields is not None else {})
    return Response(body, status=status, headers=headers)
