"""Services for all tests of workflows."""

from collections.abc import Iterator

import pytest
from workflow_site import Site, User


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """Broker, monitor and intake are up."""
    made = Site(tmp_path_factory.mktemp("site"))
    yield made
    made.close()


@pytest.fixture(scope="module")
def user(site: Site) -> User:
    """Who started them."""
    return site.owner
