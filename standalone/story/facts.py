"""The facts of the retreat, read from ``retreat-2020.yaml``."""

from datetime import date
from functools import cache
from pathlib import Path

import yaml
from pydantic import BaseModel, ConfigDict, Field


class _Fact(BaseModel):
    model_config = ConfigDict(frozen=True)


class Participants(_Fact):
    """How many took part."""

    in_person: int
    online: int


class MeetingFact(_Fact):
    """The retreat."""

    title: str
    date: date
    place: str
    timezone: str
    mode: str
    participants: Participants
    convenor: str


class InstitutionFact(_Fact):
    """An institution that convened or presented."""

    acronym: str
    name: str
    subtype: str

    @property
    def address(self) -> str:
        """The made-up address of its focal point."""
        return f"focal.point@{self.acronym.lower()}.example.org"


class ThemeFact(_Fact):
    """A theme of the follow-up."""

    slug: str
    title: str


class Retreat(_Fact):
    """Everything that the story takes from the press release."""

    meeting: MeetingFact
    institutions: list[InstitutionFact] = Field(min_length=15, max_length=15)
    themes: list[ThemeFact] = Field(min_length=3, max_length=3)
    agreed_points: list[str] = Field(min_length=6, max_length=6)


@cache
def retreat() -> Retreat:
    """Return the facts."""
    path = Path(__file__).with_name("retreat-2020.yaml")
    return Retreat.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")))
