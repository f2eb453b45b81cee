"""The columns of a file of institutions: the same in an export and an import.

In JSON Lines a row is the document of a profile. In a table each field has a column: codes are
separated by semicolons, names and identifiers stand one on a line of their cell, and each language
of the description has a column of its own.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any
from uuid import UUID

from pydantic import TypeAdapter, ValidationError

from services.registry.institutions import Profile
from services.registry.profiles import Document
from services.registry.tables import Institution
from shared.cells import codes_in, said
from shared.problems import FieldError
from shared.row_files import Columns, Form
from shared.text import Line

DESCRIPTION = "description_"
_LINES: Mapping[str, TypeAdapter[str]] = {
    "reference": TypeAdapter(Annotated[str, Line(100)]),
    "status": TypeAdapter(Annotated[str, Line(20)]),
}
_NAME = re.compile(r"(?P<kind>[a-z]+)(?: \[(?P<language>[A-Za-z0-9-]+)\])?: *(?P<value>.+)")
_IDENTIFIER = re.compile(r"(?P<scheme>[^:\s]+): *(?P<value>.+)")


@dataclass(frozen=True)
class Column:
    """A column, for people and for `GET /imports/columns`."""

    name: str
    description: str
    example: str
    write: Callable[[Any], str] = str
    """Makes a cell of a value that isn't empty."""
    read: Callable[[str], Any] = str
    """Makes a value of a cell that isn't empty; ``ValueError`` in words when it can't."""
    required: bool = False
    """Whether a row that makes a new institution must fill it."""


def _join(codes: Iterable[str]) -> str:
    return ";".join(codes)


def _name_lines(names: Iterable[Mapping[str, Any]]) -> str:
    return "\n".join(
        f"{name['kind']}{' [' + name['language'] + ']' if name['language'] else ''}: "
        f"{name['value']}"
        for name in names
    )


def _names(cell: str) -> list[dict[str, Any]]:
    return [
        _parts(_NAME, line, "alias [fr]: Centre de développement rural")
        for line in cell.splitlines()
        if line.strip()
    ]


def _identifier_lines(identifiers: Iterable[Mapping[str, Any]]) -> str:
    return "\n".join(f"{each['scheme']}: {each['value']}" for each in identifiers)


def _identifiers(cell: str) -> list[dict[str, Any]]:
    return [
        _parts(_IDENTIFIER, line, "XI-ROR: 02mhbdp94") for line in cell.splitlines() if line.strip()
    ]


def _parts(form: re.Pattern[str], line: str, example: str) -> dict[str, Any]:
    match = form.fullmatch(line.strip())
    if match is None:
        raise ValueError(f"Write one on each line of the cell, as in: {example}")
    return match.groupdict()


def _codes(name: str, description: str, example: str) -> Column:
    return Column(name, description, example, write=_join, read=codes_in)


COLUMNS: Mapping[str, Column] = {
    column.name: column
    for column in (
        Column(
            "id",
            "The institution's id here, as an export gives it. Leave it empty for a new one.",
            "018f4e2a-0000-7000-8000-000000000001",
        ),
        Column(
            "reference",
            "What your own list calls it, up to 100 characters. It is kept, so that a later import "
            "finds the same institution whatever its name is by then.",
            "CRM-1042",
        ),
        Column(
            "name",
            "The official name that is shown.",
            "Centre on Integrated Rural Development for Asia and the Pacific",
            required=True,
        ),
        Column("name_language", "The language of that name (BCP 47).", "en"),
        Column("acronym", "Its acronym.", "CIRDAP"),
        Column(
            "names",
            "Its other names, one on each line of the cell: official, alias, acronym or former, "
            "its language in brackets where it has one, a colon, the name.",
            "alias [fr]: Centre de développement rural intégré",
            write=_name_lines,
            read=_names,
        ),
        Column(
            "organisation_type",
            "IATI OrganisationType code; GET /vocabularies/organisation-types lists them.",
            "40",
            required=True,
        ),
        Column(
            "subtype",
            "Its subtype, where the type has subtypes (10 and 40).",
            "intergovernmental",
        ),
        Column(
            "country", "ISO 3166-1 alpha-2 code of its seat; a government body needs one.", "BD"
        ),
        _codes(
            "countries",
            "ISO 3166-1 alpha-2 codes of where it is present, separated by semicolons.",
            "BD;TH",
        ),
        _codes("regions", "UN M49 codes of its regions.", "034;035"),
        _codes("themes", "Codes of GET /vocabularies/themes.", "rural-development"),
        _codes("sdgs", "Sustainable Development Goals, 1 to 17.", "1;17"),
        _codes("languages", "The languages it works in (BCP 47).", "en;bn"),
        Column("website", "Web address (http or https).", "https://www.cirdap.org/"),
        _codes("email_domains", "Domains of its e-mail addresses.", "cirdap.org"),
        Column(
            "identifiers",
            "What registers outside call it, one on each line of the cell: the scheme's code, a "
            "colon, the value; GET /vocabularies/identifier-schemes lists the schemes.",
            "XI-ROR: 02mhbdp94",
            write=_identifier_lines,
            read=_identifiers,
        ),
        Column(
            "parent",
            "The id of the institution that it is a part of.",
            "018f4e2a-0000-7000-8000-000000000002",
        ),
        _codes(
            "predecessors",
            "The ids of the institutions that it follows, separated by semicolons.",
            "018f4e2a-0000-7000-8000-000000000003",
        ),
        Column(
            "visibility",
            "Who may see it once it is verified: public, partners or private.",
            "public",
        ),
        Column(
            "status",
            "Where its registration stands, as an export gives it. An import can't change it: "
            "leave it as it is, or empty.",
            "verified",
        ),
    )
}
"""Every column of a table by its name, in the order of an export."""

ACCEPTED: Mapping[Form, Columns] = {
    Form.CSV: Columns(tuple(COLUMNS), more=DESCRIPTION),
    Form.JSONL: Columns(("id", "reference", *Profile.model_fields, "status")),
}
"""Which columns each kind of file may have."""


@dataclass(frozen=True)
class Given:
    """What a row says: whom it is about, and its profile, with what is wrong with it."""

    id: UUID | None
    reference: str | None
    status: str | None
    profile: Mapping[str, Any]
    """By field; an empty cell is absent, a ``null`` in JSON Lines empties the field."""
    faults: tuple[FieldError, ...]


def read_row(given: Mapping[str, Any], form: Form) -> Given:
    """Return what a row of a file says."""
    faults: list[FieldError] = []
    values = _values(given, faults) if form is Form.CSV else dict(given)
    own_id = _id(values.pop("id", None), faults)
    reference = _line("reference", values.pop("reference", None), faults)
    status = _line("status", values.pop("status", None), faults)
    return Given(own_id, reference, status, values, tuple(faults))


def faults_of(error: ValidationError, form: Form) -> list[FieldError]:
    """Return what a model found wrong, each with its column."""
    faults = [
        FieldError(pointer="".join(f"/{part}" for part in fault["loc"]), detail=fault["msg"])
        for fault in error.errors()
    ]
    if form is Form.JSONL:
        return faults
    return [
        FieldError(
            pointer=fault.pointer.replace("/descriptions/", f"/{DESCRIPTION}").replace(
                "/[key]", ""
            ),
            detail=fault.detail,
        )
        for fault in faults
    ]


def values_of(institution: Institution, profile: Document, reference: str | None) -> dict[str, Any]:
    """Return an institution as a line of a JSON Lines export."""
    return {
        "id": str(institution.id),
        "reference": reference,
        **{field: profile[field] for field in Profile.model_fields},
        "status": institution.status,
    }


def cells_of(values: Mapping[str, Any], languages: Sequence[str]) -> list[str]:
    """Return those values as the texts of a table's row, with a description in each language."""
    return [
        *(column.write(values[name]) if values[name] else "" for name, column in COLUMNS.items()),
        *(values["descriptions"].get(language, "") for language in languages),
    ]


def header_of(languages: Sequence[str]) -> list[str]:
    """Return the columns of a table with a description in each of these languages."""
    return [*COLUMNS, *(f"{DESCRIPTION}{language}" for language in languages)]


def _values(given: Mapping[str, str], faults: list[FieldError]) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for name, cell in given.items():
        try:
            text = said(cell)
            if text is None:
                continue
            if name.startswith(DESCRIPTION):
                values.setdefault("descriptions", {})[name.removeprefix(DESCRIPTION)] = text
            else:
                values[name] = COLUMNS[name].read(text)
        except ValueError as error:
            faults.append(FieldError(pointer=f"/{name}", detail=str(error)))
    return values


def _id(value: Any, faults: list[FieldError]) -> UUID | None:
    if value is None:
        return None
    try:
        return UUID(value)
    except (ValueError, AttributeError, TypeError):
        detail = "Give an id as an export has it, or leave it empty."
        faults.append(FieldError(pointer="/id", detail=detail))
        return None


def _line(name: str, value: Any, faults: list[FieldError]) -> str | None:
    if value is None:
        return None
    try:
        return _LINES[name].validate_python(value)
    except ValidationError as error:
        faults += [FieldError(pointer=f"/{name}", detail=fault["msg"]) for fault in error.errors()]
        return None
