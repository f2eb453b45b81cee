"""The code lists that fields refer to."""

from typing import Annotated, get_args

from fastapi import APIRouter, Path, Response
from pydantic import Field

from shared.problems import NOT_FOUND, responses
from shared.text import Output
from shared.vocabularies import Vocabulary, VocabularyName, vocabulary

router = APIRouter(prefix="/vocabularies", tags=["vocabularies"])

KEEP = "public, max-age=3600"


class VocabularyList(Output):
    """The names of the code lists."""

    items: list[VocabularyName] = Field(examples=[["organisation-types", "countries"]])


@router.get("", summary="List the vocabularies", response_model=VocabularyList)
def list_vocabularies(response: Response) -> VocabularyList:
    """Return the names of the code lists."""
    response.headers["Cache-Control"] = KEEP
    return VocabularyList(items=list(get_args(VocabularyName)))


@router.get(
    "/{name}",
    summary="Read a vocabulary",
    response_model=Vocabulary,
    responses=responses(NOT_FOUND),
)
def read_vocabulary(
    name: Annotated[VocabularyName, Path(description="Which list.")], response: Response
) -> Vocabulary:
    """Return a code list with its standard, its source and its date."""
    response.headers["Cache-Control"] = KEEP
    return vocabulary(name)
