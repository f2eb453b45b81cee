"""Web addresses that people give."""

from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator
from pydantic_core import PydanticCustomError

from shared.text import Line


def _whole(value: str) -> str:
    try:
        parts = urlsplit(value)
        host, _port = parts.hostname or "", parts.port
    except ValueError:
        host = ""
    else:
        if parts.scheme not in {"http", "https"} or "@" in parts.netloc or " " in value:
            host = ""
    if "." not in host:
        raise PydanticCustomError(
            "website", "Give a whole web address, such as https://www.example.org/."
        )
    return value


WebAddress = Annotated[str, Line(500), AfterValidator(_whole)]
"""A whole address (http or https) without a name or password in it."""
