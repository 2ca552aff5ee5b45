"""The people of every test: alice and bob label, charlie does not belong, dana leads, mel is ML staff."""

import pytest
from django.conf import settings
from django.test import Client
from django.utils import translation
from hypothesis import settings as hypothesis_settings

from labeling_ui.second_factor import BACKEND
from tests import factories

# What an example takes says more of the machine than of the code.
hypothesis_settings.register_profile(
    "patient", hypothesis_settings.get_profile(hypothesis_settings.get_current_profile_name()), deadline=None
)
hypothesis_settings.load_profile("patient")


@pytest.fixture(autouse=True)
def english():
    """A request leaves its language behind in the thread; no test inherits that of another."""
    with translation.override(settings.LANGUAGE_CODE):
        yield


@pytest.fixture
def project(db):
    return factories.project(slug="algebra", name="Algebra")


@pytest.fixture
def alice(project):
    return factories.member(project, "labeler", "alice")


@pytest.fixture
def bob(project):
    return factories.member(project, "labeler", "bob")


@pytest.fixture
def charlie(db):
    """A labeler of another project."""
    return factories.member(factories.project(slug="elsewhere", name="Elsewhere"), "labeler", "charlie")


@pytest.fixture
def dana(project):
    return factories.member(project, "lead", "dana")


@pytest.fixture
def mel(project):
    return factories.member(project, "ml", "mel")


@pytest.fixture
def client_for():
    """A test client that is signed in."""

    def signed_in(user):
        client = Client()
        client.force_login(user, backend=BACKEND)
        return client

    return signed_in
