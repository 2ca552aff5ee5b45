from django.urls import path
from drf_spectacular.views import SpectacularAPIView

from annotation.api import dataset_views, desk_urls, project_views, round_views, version_views, views
from annotation.api import description as description  # for what it does by being loaded
from annotation.api.desk_urls import PROJECT

urlpatterns = [
    path("v1/projects", project_views.Projects.as_view(), name="api_projects"),
    path(f"{PROJECT}/claim", views.Claim.as_view(), name="api_claim"),
    path(f"{PROJECT}/heartbeat", views.Heartbeat.as_view(), name="api_heartbeat"),
    path(f"{PROJECT}/labels", views.Labels.as_view(), name="api_labels"),
    path(f"{PROJECT}/labels/<uuid:label>/reopen", views.Reopen.as_view(), name="api_reopen"),
    path(f"{PROJECT}/alternatives", views.Alternatives.as_view(), name="api_alternatives"),
    path(f"{PROJECT}/critiques", views.Critiques.as_view(), name="api_critiques"),
    path(f"{PROJECT}/dialogue", views.Dialogue.as_view(), name="api_dialogue"),
    path(f"{PROJECT}/acknowledge", views.Acknowledge.as_view(), name="api_acknowledge"),
    path(f"{PROJECT}/rounds", round_views.Rounds.as_view(), name="api_rounds"),
    path(f"{PROJECT}/rounds/<int:number>", round_views.RoundDetail.as_view(), name="api_round"),
    path(f"{PROJECT}/rounds/<int:number>/picks", round_views.RoundPicks.as_view(), name="api_round_picks"),
    path(f"{PROJECT}/rounds/<int:number>/cancel", round_views.CancelRound.as_view(), name="api_cancel_round"),
    path(f"{PROJECT}/datasets", dataset_views.Datasets.as_view(), name="api_datasets"),
    path(f"{PROJECT}/datasets/<int:pk>", dataset_views.DatasetDetail.as_view(), name="api_dataset"),
    path(f"{PROJECT}/datasets/<int:pk>/cancel", dataset_views.CancelDataset.as_view(), name="api_cancel_dataset"),
    path(f"{PROJECT}/datasets/<int:pk>/repeat", dataset_views.RepeatDataset.as_view(), name="api_repeat_dataset"),
    path(f"{PROJECT}/datasets/<int:pk>/publish", dataset_views.PublishDataset.as_view(), name="api_publish_dataset"),
    path(
        f"{PROJECT}/datasets/<int:pk>/files/<str:name>",
        dataset_views.DatasetFileContent.as_view(),
        name="api_dataset_file",
    ),
    path(f"{PROJECT}/models", version_views.Models.as_view(), name="api_models"),
    path(f"{PROJECT}/models/<int:pk>", version_views.ModelDetail.as_view(), name="api_model"),
    path(f"{PROJECT}/solutions/<int:pk>/scores", version_views.SolutionScores.as_view(), name="api_solution_scores"),
    *desk_urls.urlpatterns,
    path("schema/", SpectacularAPIView.as_view(), name="api_schema"),
]
