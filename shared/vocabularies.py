"""Code lists of the field: dated data files, each with its source."""

from functools import cache
from importlib.resources import files
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

VocabularyName = Literal[
    "organisation-types",
    "countries",
    "regions",
    "sdgs",
    "sectors",
    "themes",
    "languages",
    "scripts",
    "identifier-schemes",
    "name-kinds",
    "visibility",
    "support-kinds",
    "volume-units",
    "currencies",
]


class Term(BaseModel):
    """A code with its meaning."""

    model_config = ConfigDict(frozen=True)

    code: str = Field(examples=["40"])
    name: str = Field(examples=["Multilateral"])
    subtypes: tuple["Term", ...] = Field((), description="Finer codes, where there are any.")
    broader: str | None = Field(None, description="The code that includes it, where there is one.")


class Vocabulary(BaseModel):
    """A code list as of a date."""

    model_config = ConfigDict(frozen=True)

    name: VocabularyName
    title: str = Field(examples=["Organisation types"])
    standard: str = Field(description="The standard the codes belong to.")
    source: str = Field(description="Where the list was taken from.")
    as_of: str = Field(description="The date of the list (ISO 8601).", examples=["2026-11-24"])
    terms: tuple[Term, ...]

    def term(self, code: str) -> Term | None:
        """Return the term of ``code``, or ``None``."""
        return next((term for term in self.terms if term.code == code), None)

    def with_broader(self, code: str) -> tuple[str, ...]:
        """Return the code and all that include it, the narrowest first."""
        term = self.term(code)
        if term is None or term.broader is None:
            return (code,)
        return (code, *self.with_broader(term.broader))


@cache
def vocabulary(name: VocabularyName) -> Vocabulary:
    """Return the code list called ``name``."""
    text = (files(__package__) / "vocabulary_data" / f"{name}.json").read_text(encoding="utf-8")
    return Vocabulary.model_validate_json(text)
