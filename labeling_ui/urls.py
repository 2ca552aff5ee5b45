from django.urls import include, path

from labeling_ui.views import account, health, labeling, onboarding

urlpatterns = [
    path("api/", include("annotation.api.urls")),
    path("", account.home, name="home"),
    path("accounts/sign-in/", account.sign_in, name="sign_in"),
    path("accounts/sign-out/", account.sign_out, name="sign_out"),
    path("accounts/who/", account.who, name="who"),
    path("p/<slug:slug>/label/", labeling.label, name="label"),
    path("p/<slug:slug>/instructions/", onboarding.instructions, name="instructions"),
    path("api/", include("annotation.api.urls")),
    path("healthz", health.healthz, name="healthz"),
    path("readyz", health.readyz, name="readyz"),
]
