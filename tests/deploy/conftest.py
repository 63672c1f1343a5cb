"""The manifests, rendered once."""

import pytest

from tests.deploy.manifests import OVERLAYS, Manifests, render


@pytest.fixture(scope="session", params=OVERLAYS)
def manifests(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Manifests:
    """Each overlay in turn."""
    return render(request.param, tmp_path_factory.mktemp(request.param))
