"""One stack with the story told on it, for all tests of this folder.

They run in one test process: stacks that start side by side would take each other's ports.
"""

from collections.abc import Iterator

import pytest

from tests.end_to_end.southlink import Up


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put every test of a running stack into one test process."""
    for item in items:
        if "end_to_end" in item.path.parts:
            item.add_marker(pytest.mark.xdist_group("stack"))


@pytest.fixture(scope="session")
def up(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Up]:
    """A stack with the story told, started by ``southlink up``."""
    stack = Up(tmp_path_factory.mktemp("southlink") / "up")
    try:
        yield stack
    finally:
        stack.interrupt()
