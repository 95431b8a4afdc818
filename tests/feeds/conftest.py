"""What tests of feeds share."""

from collections.abc import Iterator

import pytest

from tests.feeds.edge import Edge


@pytest.fixture
def edge() -> Iterator[Edge]:
    made = Edge()
    yield made
    made.http.close()
