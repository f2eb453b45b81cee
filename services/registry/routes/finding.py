"""Finding institutions."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request
from pydantic import Field
from sqlmodel import col, select

from services.registry import finding
from services.registry.permissions import acting_person, sight_of, visible_to
from services.registry.routes.institution_out import InstitutionOut
from services.registry.tables import Institution
from services.registry.transitions import Status
from shared.pagination import Page, PageQuery
from shared.problems import INVALID, UNAUTHENTICATED, responses
from shared.search import finding as search
from shared.search.catalogue import Catalogue
from shared.search.counts import Count, counted
from shared.search.finding import Question, Sort
from shared.text import Line, Output
from shared.web import MaybeCaller, Reading

router = APIRouter(prefix="/institutions", tags=["institutions"])

Codes = Annotated[list[Annotated[str, Line(40)]], Query(max_length=100)]


class Facets(Output):
    """Counts by field, the most frequent code first.

    Those of a field are what would be found without the filter of that field itself.
    """

    status: list[Count]
    organisation_type: list[Count]
    subtype: list[Count]
    country: list[Count] = Field(description="Country of the seat.")
    countries: list[Count] = Field(description="Countries of presence.")
    regions: list[Count] = Field(description="With those that include them (UN M49).")
    themes: list[Count]
    sdgs: list[Count]
    languages: list[Count]


class FoundInstitutions(Page[InstitutionOut]):
    """A page of institutions, with how many there are."""

    total: int = Field(description="How many were found in all.", examples=[42])
    facets: Facets | None = Field(description="Null unless asked for.")


def _catalogue(request: Request) -> Catalogue:
    catalogue: Catalogue = request.app.state.catalogue
    return catalogue


def _question(
    *,
    q: Annotated[
        Annotated[str, Line(200)] | None,
        Query(
            description="Words of names, acronyms and descriptions in any order, or how they "
            "begin. Case, accents and punctuation don't count; one letter may be wrong in a word "
            "of four or more, two in one of eight or more.",
            examples=["cote d'ivoire"],
        ),
    ] = None,
    status: Annotated[
        list[Status] | None,
        Query(max_length=20, description="Only those in this state; may be repeated."),
    ] = None,
    organisation_type: Annotated[
        Codes | None, Query(description="IATI OrganisationType code; may be repeated.")
    ] = None,
    subtype: Annotated[Codes | None, Query(description="Subtype; may be repeated.")] = None,
    country: Annotated[
        Codes | None, Query(description="Country of the seat, ISO 3166-1; may be repeated.")
    ] = None,
    countries: Annotated[
        Codes | None, Query(description="Country of presence, ISO 3166-1; may be repeated.")
    ] = None,
    regions: Annotated[
        Codes | None,
        Query(
            description="Region, UN M49 code, with all that it includes: `002` (Africa) also "
            "finds `011` (Western Africa); may be repeated."
        ),
    ] = None,
    themes: Annotated[Codes | None, Query(description="Theme; may be repeated.")] = None,
    sdgs: Annotated[
        Codes | None, Query(description="Sustainable Development Goal; may be repeated.")
    ] = None,
    languages: Annotated[
        Codes | None, Query(description="Working language, BCP 47; may be repeated.")
    ] = None,
    sort: Annotated[
        Sort | None,
        Query(
            description="The order: `relevance` (what fits best first, those alike by name), "
            "`name`, `oldest` or `newest` (by registration), `changed` (the last change first). "
            "Without it `relevance` where there are words, else `oldest`."
        ),
    ] = None,
) -> Question:
    codes = {
        "status": status,
        "organisation_type": organisation_type,
        "subtype": subtype,
        "country": country,
        "countries": countries,
        "regions": regions,
        "themes": themes,
        "sdgs": sdgs,
        "languages": languages,
    }
    return Question(
        words=q,
        codes={name: asked for name, asked in codes.items() if asked},
        sort=sort or (Sort.OLDEST if q is None else Sort.RELEVANCE),
    )


CatalogueOfProcess = Annotated[Catalogue, Depends(_catalogue)]
Asked = Annotated[Question, Depends(_question)]
"""What a reader looks for, by words and codes."""


@router.get(
    "",
    summary="Find institutions",
    response_model=FoundInstitutions,
    responses=responses(UNAUTHENTICATED, INVALID),
)
def find_institutions(
    *,
    caller: MaybeCaller,
    session: Reading,
    catalogue: CatalogueOfProcess,
    question: Asked,
    page: PageQuery,
    facets: Annotated[
        bool, Query(description="Count by field how many have each code as well.")
    ] = False,
) -> FoundInstitutions:
    """Return the institutions that you may see and that fit all that you ask.

    Of a field any of the codes given will do; each field given must fit. Everybody sees the
    verified ones that are public, people of verified institutions also those for partners, a focal
    point also their own, a coordinator all.
    """
    found = finding.look_for(session, catalogue, sight_of(session, acting_person(caller)), question)
    ids = search.page_of(catalogue, found, page)
    rows = session.exec(
        select(Institution).where(col(Institution.id).in_(ids.items), visible_to(session, caller))
    )
    by_id = {row.id: row for row in rows}
    counts = search.facets(catalogue, found) if facets else None
    return FoundInstitutions(
        items=[InstitutionOut.model_validate(by_id[one]) for one in ids.items if one in by_id],
        next_cursor=ids.next_cursor,
        total=search.total(found),
        facets=None if counts is None else Facets.model_validate(counted(counts)),
    )
