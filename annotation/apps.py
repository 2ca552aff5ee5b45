from django.apps import AppConfig


class AnnotationConfig(AppConfig):
    name = "annotation"
    verbose_name = "Stepmark"

    def ready(self) -> None:
        from annotation import checks  # noqa: F401 - registers them
