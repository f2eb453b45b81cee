"""Text from people: what a name, a title or a paragraph may hold.

Every text is normalised to NFC and stripped. Control characters, bidirectional overrides and
invisible characters are refused, because names end up in e-mail headers and on pages where they
would deceive (Unicode Technical Report 36, section 2).
"""

import unicodedata
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, GetCoreSchemaHandler
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

_DECEIVING = frozenset(
    "\u061c\u200b\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2028\u2029\u2060\u2066\u2067\u2068\u2069\ufeff\u00ad"
)
_CONTROL = frozenset({"Cc", "Cs", "Co", "Cn"})
_LINE_BREAKS = frozenset("\n\r\u0085\u2028\u2029\u000b\u000c")


class Input(BaseModel):
    """Base of every request body: unknown fields are refused, values don't change."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Output(BaseModel):
    """Base of every response body."""

    model_config = ConfigDict(from_attributes=True, frozen=True)


@dataclass(frozen=True)
class Line:
    """Annotation of a one-line text: ``Annotated[str, Line(200)]``; lengths in characters."""

    max_length: int
    min_length: int = 1

    def __get_pydantic_core_schema__(
        self, source: Any, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        """Clean the text, then check its length."""
        return _cleaned(_clean_line, self.min_length, self.max_length)


@dataclass(frozen=True)
class Paragraphs:
    """Annotation of a text of several lines: ``Annotated[str, Paragraphs(20000)]``."""

    max_length: int
    min_length: int = 1

    def __get_pydantic_core_schema__(
        self, source: Any, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        """Clean the text, then check its length."""
        return _cleaned(_clean_paragraphs, self.min_length, self.max_length)


class _EmailAddress:
    """Annotation of an e-mail address (RFC 5321, RFC 6531), checked without asking the DNS."""

    def __get_pydantic_core_schema__(
        self, source: Any, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        """Normalise the address, its domain in lower case."""
        return core_schema.no_info_after_validator_function(
            _clean_address, core_schema.str_schema(max_length=254, strict=True)
        )

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: Any) -> dict[str, Any]:
        """Return the JSON Schema: a string of format ``email``."""
        return {"type": "string", "format": "email", "maxLength": 254}


Name = Annotated[str, Line(200)]
Title = Annotated[str, Line(200)]
Reason = Annotated[str, Paragraphs(2_000)]
Prose = Annotated[str, Paragraphs(20_000)]
EmailAddress = Annotated[str, _EmailAddress()]


def without_deceiving(text: str) -> str:
    """Return a text that was made from clean input without the characters that are refused there.

    They get into it where the input may write them in another way, as by ``&#x202e;``.
    """
    return "".join(
        character for character in text if character in "\n\t" or not _is_deceiving(character)
    )


def _cleaned(clean: Any, min_length: int, max_length: int) -> CoreSchema:
    return core_schema.no_info_before_validator_function(
        clean, core_schema.str_schema(min_length=min_length, max_length=max_length, strict=True)
    )


def _clean_line(value: Any) -> Any:
    if isinstance(value, str) and any(character in _LINE_BREAKS for character in value.strip()):
        raise PydanticCustomError("line_break", "Write this on one line, without line breaks.")
    return _clean(value)


def _clean_paragraphs(value: Any) -> Any:
    if isinstance(value, str):
        value = value.replace("\r\n", "\n").replace("\r", "\n")
    return _clean(value, allowed="\n\t")


def _clean(value: Any, allowed: str = "") -> Any:
    if not isinstance(value, str):
        return value
    text = unicodedata.normalize("NFC", value).strip()
    for character in text:
        if character in allowed:
            continue
        if _is_deceiving(character):
            raise PydanticCustomError(
                "control_character",
                "Remove the invisible or control character U+{code}.",
                {"code": f"{ord(character):04X}"},
            )
    return text


def _is_deceiving(character: str) -> bool:
    return character in _DECEIVING or unicodedata.category(character) in _CONTROL


def _clean_address(value: str) -> str:
    from email_validator import EmailNotValidError, validate_email

    try:
        found = validate_email(
            value.strip(), check_deliverability=False, allow_smtputf8=True, strict=True
        )
    except EmailNotValidError as error:
        raise PydanticCustomError(
            "email", "This is not an e-mail address: {why}", {"why": str(error)}
        ) from None
    return f"{found.local_part}@{found.domain.lower()}"
