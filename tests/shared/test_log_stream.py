"""Where the logs of a process go."""

import io
import logging
from collections.abc import Iterator

import pytest
import structlog

from shared.logs import configure


@pytest.fixture
def configured() -> Iterator[None]:
    """Let a test configure the logs, and put back what was."""
    root = logging.getLogger()
    handlers, level = root.handlers, root.level
    structure = structlog.get_config()
    yield
    structlog.configure(**structure)
    root.handlers = handlers
    root.setLevel(level)


@pytest.mark.usefixtures("configured")
def test_logs_go_to_what_standard_error_is_now(monkeypatch: pytest.MonkeyPatch) -> None:
    replaced = io.StringIO()
    with monkeypatch.context() as patch:
        patch.setattr("sys.stderr", replaced)
        configure("registry", "json", "INFO")
    replaced.close()
    now = io.StringIO()
    monkeypatch.setattr("sys.stderr", now)
    logging.getLogger("somebody.else").info("Still here.")
    assert '"event": "Still here."' in now.getvalue()
    assert "Logging error" not in now.getvalue()
