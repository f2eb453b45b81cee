"""Languages: tags by BCP 47 (RFC 5646), checked against the lists of their parts."""

import re
from typing import Annotated

from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError

from shared.vocabularies import VocabularyName, vocabulary

_TAG = re.compile(
    r"(?P<language>[a-z]{2,3})"
    r"(-(?P<script>[a-z]{4}))?"
    r"(-(?P<region>[a-z]{2}|[0-9]{3}))?"
    r"(?P<variants>(-([a-z0-9]{5,8}|[0-9][a-z0-9]{3}))*)",
    re.ASCII | re.IGNORECASE,
)


def canonical_tag(tag: str) -> str:
    """Return a language tag in the case that BCP 47 recommends: ``zh-Hant``, ``pt-BR``.

    Raises ``ValueError`` when it is no tag of language, script, region and variants, or when one
    of these is unknown.
    """
    match = _TAG.fullmatch(tag)
    if match is None:
        raise ValueError(f"{tag} is not a language tag.")
    parts = [_known(match["language"].lower(), "languages")]
    if match["script"]:
        parts.append(_known(match["script"].title(), "scripts"))
    if match["region"]:
        parts.append(_known(match["region"].upper(), "countries", "regions"))
    return "-".join(parts) + match["variants"].lower()


def _known(code: str, *lists: VocabularyName) -> str:
    if not any(vocabulary(name).term(code) for name in lists):
        raise ValueError(f"{code} is unknown.")
    return code


def _checked(tag: str) -> str:
    try:
        return canonical_tag(tag)
    except ValueError:
        raise PydanticCustomError(
            "language",
            "Use a language tag such as en, pt-BR or zh-Hant; GET /vocabularies/languages of the "
            "registry lists the languages.",
        ) from None


LanguageTag = Annotated[
    str,
    Field(max_length=35, description="Language tag (BCP 47).", examples=["fr"]),
    AfterValidator(_checked),
]
