from django.urls import include, path

from labeling_ui.views import account, api_docs, health, invitation, labeling, lead, ml, onboarding, preferences

handler500 = "labeling_ui.views.errors.server_error"
urlpatterns = [
    path("api/docs/", api_docs.api_docs, name="api_docs"),
    path("api/", include("annotation.api.urls")),
    path("", account.home, name="home"),
    path("accounts/sign-in/", account.sign_in, name="sign_in"),
    path("accounts/sign-out/", account.sign_out, name="sign_out"),
    path("accounts/invitation/<str:secret>/", invitation.invitation, name="invitation"),
    path("accounts/preferences/", preferences.preferences, name="preferences"),
    path("accounts/who/", account.who, name="who"),
    path("p/<slug:slug>/label/", labeling.label, name="label"),
    path("p/<slug:slug>/instructions/", onboarding.instructions, name="instructions"),
    path("p/<slug:slug>/practice/", onboarding.practice, name="practice"),
    path("p/<slug:slug>/practice/done/", onboarding.practice_done, name="practice_done"),
    path("p/<slug:slug>/", lead.project, name="project"),
    path("p/<slug:slug>/moment/", lead.moment, name="moment"),
    path("p/<slug:slug>/datasets/", lead.datasets, name="datasets"),
    path("p/<slug:slug>/datasets/list/", lead.dataset_list, name="dataset_list"),
    path("p/<slug:slug>/datasets/<int:pk>/<str:name>", lead.dataset_file, name="dataset_file"),
    path("p/<slug:slug>/rounds/", ml.rounds, name="rounds"),
    path("p/<slug:slug>/rounds/<int:number>/", ml.round_, name="round"),
    path("p/<slug:slug>/rounds/<int:number>/progress/", ml.progress, name="round_progress"),
    path("p/<slug:slug>/rounds/<int:number>/cancel/", ml.cancel, name="cancel_round"),
    path("healthz", health.healthz, name="healthz"),
    path("readyz", health.readyz, name="readyz"),
]
