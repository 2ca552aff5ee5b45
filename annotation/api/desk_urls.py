"""Routes of what leads, reviewers and ML staff do: one for each action of their pages."""

from django.urls import path

from annotation.api import automatic_views as automatic
from annotation.api import figures_views as figures
from annotation.api import import_views as imports
from annotation.api import people_views as people
from annotation.api import project_views as projects
from annotation.api import quality_views as quality
from annotation.api import review_views as review
from annotation.api import round_views as rounds
from annotation.api import webhook_views as webhooks

PROJECT = "v1/projects/<slug:slug>"
LABELER = f"{PROJECT}/labelers/<uuid:pseudonym>"
CASE = f"{PROJECT}/adjudication/<int:pk>"
DISPUTE = f"{PROJECT}/disputes/<int:pk>"
SOURCE = f"{PROJECT}/automatic-labels/<int:pk>"

urlpatterns = [
    path("v1/tokens", people.Tokens.as_view(), name="api_tokens"),
    path("v1/tokens/<int:pk>", people.TokenDetail.as_view(), name="api_token"),
    path(PROJECT, projects.ProjectDetail.as_view(), name="api_project"),
    path(f"{PROJECT}/settings", projects.Settings.as_view(), name="api_settings"),
    path(f"{PROJECT}/settings/rounds", projects.Selection.as_view(), name="api_selection"),
    path(f"{PROJECT}/standing", projects.Standing.as_view(), name="api_standing"),
    path(f"{PROJECT}/troubles", projects.Troubles.as_view(), name="api_troubles"),
    path(f"{PROJECT}/audit", projects.Audit.as_view(), name="api_audit"),
    path(f"{PROJECT}/instructions", projects.Instructions.as_view(), name="api_instructions"),
    path(f"{PROJECT}/practice/done", projects.PracticeDone.as_view(), name="api_practice_done"),
    path(f"{PROJECT}/messages", projects.Messages.as_view(), name="api_messages"),
    path(f"{PROJECT}/inbox", projects.Inbox.as_view(), name="api_inbox"),
    path(f"{PROJECT}/work", figures.OwnWork.as_view(), name="api_work"),
    path(f"{PROJECT}/messages/read", projects.ReadMessages.as_view(), name="api_read_messages"),
    path(f"{PROJECT}/messages/<int:pk>/reply", projects.Reply.as_view(), name="api_reply"),
    path(f"{PROJECT}/members", people.Members.as_view(), name="api_members"),
    path(f"{PROJECT}/members/<int:pk>", people.Member.as_view(), name="api_member"),
    path(f"{PROJECT}/invitations", people.Invitations.as_view(), name="api_invitations"),
    path(f"{PROJECT}/invitations/<int:pk>", people.InvitationDetail.as_view(), name="api_invitation"),
    path(f"{PROJECT}/labelers", people.Labelers.as_view(), name="api_labelers"),
    path(LABELER, figures.LabelerDetail.as_view(), name="api_labeler"),
    path(f"{PROJECT}/work-days", figures.PayRecord.as_view(), name="api_pay_record"),
    path(f"{PROJECT}/agreement", figures.Agreement.as_view(), name="api_agreement"),
    path(f"{PROJECT}/behaviour", figures.Behaviour.as_view(), name="api_behaviour"),
    path(f"{LABELER}/pause", people.Pause.as_view(), name="api_pause"),
    path(f"{LABELER}/reinstate", people.Reinstate.as_view(), name="api_reinstate"),
    path(f"{LABELER}/admit", people.Admit.as_view(), name="api_admit"),
    path(f"{LABELER}/screen", people.ScreenAgain.as_view(), name="api_screen"),
    path(f"{LABELER}/exclude", people.Exclude.as_view(), name="api_exclude"),
    path(f"{LABELER}/lift-exclusion", people.LiftExclusion.as_view(), name="api_lift_exclusion"),
    path(f"{PROJECT}/quality", people.Quality.as_view(), name="api_quality"),
    path(f"{PROJECT}/mistakes", quality.Mistakes.as_view(), name="api_mistakes"),
    path(f"{PROJECT}/gold", quality.Gold.as_view(), name="api_gold"),
    path(f"{PROJECT}/gold/file", imports.GoldFile.as_view(), name="api_gold_file"),
    path(f"{PROJECT}/gold/<int:pk>", quality.GoldDetail.as_view(), name="api_gold_item"),
    path(f"{PROJECT}/gold/<int:pk>/retire", quality.RetireGold.as_view(), name="api_retire_gold"),
    path(f"{PROJECT}/gold/<int:pk>/bring-back", quality.BringBackGold.as_view(), name="api_bring_back_gold"),
    path(f"{PROJECT}/adjudication", review.Cases.as_view(), name="api_cases"),
    path(CASE, review.Case.as_view(), name="api_case"),
    path(f"{CASE}/blind", review.JudgeBlind.as_view(), name="api_judge_blind"),
    path(f"{CASE}/decide", review.Decide.as_view(), name="api_decide"),
    path(f"{CASE}/take-over", review.TakeOver.as_view(), name="api_take_over"),
    path(f"{CASE}/put-back", review.PutBack.as_view(), name="api_put_back"),
    path(f"{CASE}/promote", review.Promote.as_view(), name="api_promote"),
    path(f"{PROJECT}/reports", review.Reports.as_view(), name="api_reports"),
    path(f"{DISPUTE}/truth-is-wrong", review.TruthIsWrong.as_view(), name="api_truth_is_wrong"),
    path(f"{DISPUTE}/grader-is-wrong", review.GraderIsWrong.as_view(), name="api_grader_is_wrong"),
    path(f"{DISPUTE}/labeler-is-wrong", review.LabelerIsWrong.as_view(), name="api_labeler_is_wrong"),
    path(f"{PROJECT}/flags/<int:pk>/done", review.Flag.as_view(), name="api_flag"),
    path(f"{PROJECT}/problems", review.Problems.as_view(), name="api_problems"),
    path(f"{PROJECT}/problems/<int:pk>", review.Problem.as_view(), name="api_problem"),
    path(f"{PROJECT}/problems/<int:pk>/answer", review.Answer.as_view(), name="api_answer"),
    path(f"{PROJECT}/problems/<int:pk>/withdraw", review.WithdrawProblem.as_view(), name="api_withdraw_problem"),
    path(f"{PROJECT}/problems/<int:pk>/restore", review.RestoreProblem.as_view(), name="api_restore_problem"),
    path(f"{PROJECT}/grading", review.GradePending.as_view(), name="api_grading"),
    path(f"{PROJECT}/imports", imports.Imports.as_view(), name="api_imports"),
    path(f"{PROJECT}/imports/<int:pk>", imports.ImportDetail.as_view(), name="api_import"),
    path(f"{PROJECT}/imports/<int:pk>/confirm", imports.ConfirmImport.as_view(), name="api_confirm_import"),
    path(f"{PROJECT}/imports/<int:pk>/cancel", imports.CancelImport.as_view(), name="api_cancel_import"),
    path(f"{PROJECT}/imports/<int:pk>/undo", imports.UndoImport.as_view(), name="api_undo_import"),
    path(f"{PROJECT}/automatic-labels", automatic.AutomaticLabels.as_view(), name="api_automatic_labels"),
    path(f"{PROJECT}/automatic-labels/size", automatic.AutomaticSize.as_view(), name="api_automatic_size"),
    path(SOURCE, automatic.AutomaticSourceDetail.as_view(), name="api_automatic_source"),
    path(f"{SOURCE}/labels", automatic.AutomaticSourceLabels.as_view(), name="api_automatic_source_labels"),
    path(f"{SOURCE}/cancel", automatic.CancelAutomatic.as_view(), name="api_cancel_automatic"),
    path(f"{SOURCE}/go-on", automatic.GoOnAutomatic.as_view(), name="api_go_on_automatic"),
    path(f"{SOURCE}/send-disagreements", automatic.SendDisagreements.as_view(), name="api_send_disagreements"),
    path(f"{PROJECT}/samplings", automatic.Samplings.as_view(), name="api_samplings"),
    path(f"{PROJECT}/samplings/<int:pk>", automatic.SamplingDetail.as_view(), name="api_sampling"),
    path(f"{PROJECT}/samplings/<int:pk>/cancel", automatic.CancelSampling.as_view(), name="api_cancel_sampling"),
    path(f"{PROJECT}/samplings/<int:pk>/go-on", automatic.GoOnSampling.as_view(), name="api_go_on_sampling"),
    path(f"{PROJECT}/rounds/<int:number>/use", rounds.UseSelector.as_view(), name="api_use_selector"),
    path(f"{PROJECT}/webhooks", webhooks.Webhooks.as_view(), name="api_webhooks"),
    path(f"{PROJECT}/webhooks/<int:pk>", webhooks.WebhookDetail.as_view(), name="api_webhook"),
    path(f"{PROJECT}/webhooks/<int:pk>/test", webhooks.SendTest.as_view(), name="api_test_webhook"),
]
