"""Starts the services before any conftest or test imports a model.

pytest-django would read the settings before this file is loaded if pyproject.toml named them; so it does not.
"""

import os
from contextlib import ExitStack

import pytest

from tests import services

_stack = ExitStack()
_stack.enter_context(services.running())


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_setupnodes() -> None:
    """Let each worker, too, make its environment before pytest-django finds that there are settings to read."""
    del os.environ["DJANGO_SETTINGS_MODULE"]


def pytest_unconfigure() -> None:
    _stack.close()
