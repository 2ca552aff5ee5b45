"""Starts the services before any conftest or test imports a model.

pytest-django would read the settings before this file is loaded if pyproject.toml named them; so it does not.
"""

from contextlib import ExitStack

from tests import services

_stack = ExitStack()
_stack.enter_context(services.running())


def pytest_unconfigure() -> None:
    _stack.close()
