"""Structured logs: one line per fact, with the ids of the request and the event, no address."""

import logging
import re
import sys
from typing import Any, TextIO

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

_ADDRESS = re.compile(r"[^\s<>\"'(),:;=@]{1,64}@(?:[\w-]+\.)+[\w-]{2,}")
_SECRET_PARAMETER = re.compile(r"([?&](?:token|code|key|challenge)=)[^&\s\"']+")
_SECRET = re.compile(r"sl_[a-z]+_[A-Za-z0-9_-]{20,}")
MASK = "<address>"


def mask(text: str) -> str:
    """Return the text with every e-mail address and every secret replaced."""
    text = _SECRET.sub("<secret>", text)
    return _SECRET_PARAMETER.sub(r"\1<secret>", _ADDRESS.sub(MASK, text))


def configure(service: str, log_format: str, level: str) -> None:
    """Send the logs of this process, also those of libraries, to standard error.

    ``log_format`` is ``json`` or ``console``; ``level`` a name of `logging`.
    """
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
        _name_service(service),
        _mask_addresses,
    ]
    renderer: Processor = (
        structlog.processors.JSONRenderer()
        if log_format == "json"
        else structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
    )
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    handler = _StandardError()
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level)
    for name in ("uvicorn", "uvicorn.error", "uvicorn.access", "celery", "alembic"):
        logger = logging.getLogger(name)
        logger.handlers = []
        logger.propagate = True
    # Their INFO lines repeat our own access log and carry whole URLs.
    for name in ("uvicorn.access", "httpx", "httpcore", "alembic"):
        logging.getLogger(name).setLevel(logging.WARNING)


class _StandardError(logging.StreamHandler[TextIO]):
    """Writes to what standard error is now: whoever replaced it may have closed it again."""

    def emit(self, record: logging.LogRecord) -> None:
        self.stream = sys.stderr
        super().emit(record)


def _name_service(service: str) -> Processor:
    def name(_logger: WrappedLogger, _method: str, entry: EventDict) -> EventDict:
        entry["service"] = service
        return entry

    return name


def _mask_addresses(_logger: WrappedLogger, _method: str, entry: EventDict) -> EventDict:
    return {key: _masked(value) for key, value in entry.items()}


def _masked(value: Any) -> Any:
    if isinstance(value, str):
        return mask(value) if any(mark in value for mark in ("@", "=", "sl_")) else value
    if isinstance(value, dict):
        return {key: _masked(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_masked(inner) for inner in value]
    return value
