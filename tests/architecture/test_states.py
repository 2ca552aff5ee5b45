"""States are tables: every state is in one, and the diagrams in the docs are the tables."""

from pathlib import Path

import pytest
from django.apps import apps

from annotation.management.commands.show_states import diagrams

ROOT = Path(__file__).resolve().parents[2]
WITH_STATES = [model for model in apps.get_app_config("annotation").get_models() if hasattr(model, "TRANSITIONS")]


@pytest.mark.parametrize("model", WITH_STATES)
def test_every_state_has_its_row_in_the_table(model):
    states = {value for value, _label in model._meta.get_field("state").choices}

    assert {state.value for state in model.TRANSITIONS} == states


def test_the_diagrams_in_the_docs_are_the_tables():
    assert (ROOT / "docs" / "states.md").read_text() == diagrams(), "run: manage.py show_states > docs/states.md"
