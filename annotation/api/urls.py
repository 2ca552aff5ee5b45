from django.urls import path
from drf_spectacular.views import SpectacularAPIView

from annotation.api import views

urlpatterns = [
    path("v1/projects", views.Projects.as_view(), name="api_projects"),
    path("v1/projects/<slug:slug>/claim", views.Claim.as_view(), name="api_claim"),
    path("v1/projects/<slug:slug>/heartbeat", views.Heartbeat.as_view(), name="api_heartbeat"),
    path("v1/projects/<slug:slug>/labels", views.Labels.as_view(), name="api_labels"),
    path("v1/projects/<slug:slug>/rounds", views.Rounds.as_view(), name="api_rounds"),
    path("v1/projects/<slug:slug>/rounds/<int:number>", views.RoundDetail.as_view(), name="api_round"),
    path("v1/projects/<slug:slug>/rounds/<int:number>/cancel", views.CancelRound.as_view(), name="api_cancel_round"),
    path("schema/", SpectacularAPIView.as_view(), name="api_schema"),
]
