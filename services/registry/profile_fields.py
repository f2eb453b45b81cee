"""The fields of a profile as they come in: what each may hold."""

from datetime import UTC, datetime
from typing import Annotated, Literal

from pydantic import AfterValidator, AwareDatetime, Field
from pydantic_core import PydanticCustomError

from services.registry.names import mixed_word
from shared.languages import LanguageTag
from shared.text import Input, Line, Paragraphs
from shared.web_addresses import WebAddress

Visibility = Literal["public", "partners", "private"]
NameKind = Literal["official", "alias", "acronym", "former"]


def _of_one_alphabet(value: str) -> str:
    word = mixed_word(value)
    if word is not None:
        raise PydanticCustomError(
            "mixed_alphabets",
            "Write '{word}' in one alphabet: it mixes letters that look alike.",
            {"word": word},
        )
    return value


def _in_utc(value: datetime) -> datetime:
    return value.astimezone(UTC)


Website = Annotated[
    WebAddress,
    Field(description="Web address (http or https).", examples=["https://www.cirdap.org/"]),
]
ShownName = Annotated[str, Line(200), AfterValidator(_of_one_alphabet)]
Acronym = Annotated[str, Line(40), AfterValidator(_of_one_alphabet), Field(examples=["CIRDAP"])]
Code = Annotated[str, Line(40)]
Description = Annotated[
    str,
    Paragraphs(5_000),
    Field(examples=["Promotes integrated rural development in fifteen member countries."]),
]


class OtherName(Input):
    """A name beside the one that is shown."""

    kind: NameKind = Field(description="Which kind of name it is.", examples=["official"])
    value: ShownName = Field(examples=["Centre de développement rural intégré pour l'Asie"])
    language: LanguageTag | None = None


class Identifier(Input):
    """An identifier that a register outside gave."""

    scheme: Code = Field(
        description="Code of an org-id.guide list, or ISNI; GET /vocabularies/identifier-schemes.",
        examples=["XI-ROR"],
    )
    value: Annotated[str, Line(200)] = Field(
        description="As the register writes it; kept in one form.", examples=["02mhbdp94"]
    )
    source: Annotated[str, Line(500)] | None = Field(
        None, description="Where it was read.", examples=["https://ror.org/02mhbdp94"]
    )
    verified_at: Annotated[AwareDatetime, AfterValidator(_in_utc)] | None = Field(
        None, description="When a coordinator saw it in its register; only they may set it."
    )
