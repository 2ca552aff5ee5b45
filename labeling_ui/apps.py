from django.apps import AppConfig
from django.contrib.staticfiles.apps import StaticFilesConfig


class LabelingUiConfig(AppConfig):
    name = "labeling_ui"


class StaticFiles(StaticFilesConfig):
    # htmx extensions that we do not use; one imports a module that only a bundler can find, which hashing refuses.
    ignore_patterns = [*StaticFilesConfig.ignore_patterns, "django_htmx/ext/*"]
