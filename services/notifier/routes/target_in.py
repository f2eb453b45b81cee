"""What to follow, as a request names it."""

from typing import Annotated, Self

from pydantic import AfterValidator, Field, model_validator
from pydantic_core import PydanticCustomError

from services.notifier import criteria, targets
from services.notifier.criteria import LONGEST_KEY, Criteria
from services.notifier.reach import SUPPORT
from services.notifier.targets import Target
from services.notifier.vocabulary import TargetKind
from shared.problems import INVALID, FieldError, Problem
from shared.text import Input, Line

NAMED = {
    TargetKind.THEME,
    TargetKind.GROUP,
    TargetKind.INSTITUTION,
    TargetKind.UPDATE_KIND,
}
"""The kinds of which an id says which one."""


def _each_once(codes: list[str]) -> list[str]:
    if len(set(codes)) < len(codes):
        raise PydanticCustomError("repeated", "Name each code once.")
    return codes


Codes = Annotated[list[Annotated[str, Line(40)]], Field(max_length=50), AfterValidator(_each_once)]


class CriteriaIn(Input):
    """Which needs or offers: of each list any code suffices, and all lists that name some fit.

    The codes are those of the registry's `GET /vocabularies/…`. What names no country is meant for
    any, and what names no language for speakers of any.
    """

    kinds: Codes = Field([], description="Codes of support-kinds.", examples=[["training"]])
    themes: Codes = Field([], description="Codes of themes.", examples=[["health"]])
    sdgs: Codes = Field([], description="Codes of sdgs, from 1 to 17.", examples=[["2", "17"]])
    countries: Codes = Field([], description="ISO 3166-1 alpha-2.", examples=[["BD", "NP"]])
    languages: Codes = Field([], description="Codes of languages.", examples=[["en"]])

    @model_validator(mode="after")
    def _fit(self) -> Self:
        if len(self.chosen().key) > LONGEST_KEY:
            raise PydanticCustomError(
                "criteria", "Name fewer codes, or leave out a list of which nearly all would fit."
            )
        return self

    def chosen(self) -> Criteria:
        """Return the criteria."""
        return Criteria.of(self.model_dump())


class TargetIn(Input):
    """What to follow."""

    kind: TargetKind
    id: Annotated[str, Line(200)] | None = Field(
        None,
        description="The slug of a theme, the id of a group or an institution, an update kind "
        "such as `opportunity`; absent for everything, needs and offers.",
    )
    criteria: CriteriaIn | None = Field(
        None, description="Which needs or which offers; absent for all, and with other kinds."
    )

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if (self.kind in NAMED) is (self.id is None):
            raise PydanticCustomError(
                "target",
                "Name an id with a theme, a group, an institution or an update kind, and with "
                "nothing else.",
            )
        if self.criteria is not None and self.kind not in SUPPORT:
            raise PydanticCustomError("target", "Criteria go with needs or offers alone.")
        return self

    def target(self, pointer: str = "/target") -> Target:
        """Return what is to be followed; raise ``Problem`` (422) when a code is in no list.

        ``pointer`` is its place in the body.
        """
        if self.criteria is None:
            return targets.asked_for(self.kind, self.id)
        chosen = self.criteria.chosen()
        faults = [
            FieldError(
                pointer=f"{pointer}/criteria/{name}",
                detail=f"Not in the list {criteria.VOCABULARIES[name]}: {', '.join(codes)}.",
            )
            for name, codes in criteria.unknown_codes(chosen).items()
        ]
        if faults:
            raise Problem(
                INVALID,
                "Some codes are unknown: use those of GET /vocabularies of the registry.",
                errors=faults,
            )
        return Target(self.kind, chosen.key)
