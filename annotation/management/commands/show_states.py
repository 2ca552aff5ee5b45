from typing import Any

from django.apps import apps
from django.core.management.base import BaseCommand


def diagrams() -> str:
    """docs/states.md: a diagram for each model that has a table of transitions."""
    parts = [
        "# States\n\nWritten by `manage.py show_states`; a test compares. A state without an arrow out is final.\n"
    ]
    for model in sorted(apps.get_app_config("annotation").get_models(), key=lambda one: one.__name__):
        transitions = getattr(model, "TRANSITIONS", None)
        if transitions:
            lines = [f"    {a.value} --> {b.value}" for a, after in transitions.items() for b in sorted(after)]
            lines += [f"    {state.value} --> [*]" for state, after in transitions.items() if not after]
            parts.append("\n".join([f"## {model.__name__}\n", "```mermaid", "stateDiagram-v2", *lines, "```\n"]))
    return "\n".join(parts)


class Command(BaseCommand):
    help = "Print the state diagrams of docs/states.md."

    def handle(self, *args: Any, **options: Any) -> None:
        self.stdout.write(diagrams(), ending="")
