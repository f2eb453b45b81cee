"""What must fit together in a profile, beyond the form of each field."""

from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from typing import Any

from services.registry import identifiers
from services.registry.likeness import public_mail_domains
from services.registry.profiles import Document
from services.registry.vocabularies import list_faults, profile_faults
from shared.comparison import comparison_key
from shared.problems import FieldError
from shared.vocabularies import VocabularyName

MAX_DESCRIPTIONS = 30

_VOCABULARY_OF: Mapping[str, VocabularyName] = {
    "themes": "themes",
    "sdgs": "sdgs",
    "countries": "countries",
    "regions": "regions",
}


def faults_of(profile: Document) -> list[FieldError]:
    """Return what is wrong with a profile, each fault with its place and what to do."""
    return [
        *profile_faults(profile["organisation_type"], profile["subtype"], profile["country"]),
        *_name_faults(profile),
        *_identifier_faults(profile["identifiers"]),
        *(
            fault
            for field, vocabulary in _VOCABULARY_OF.items()
            for fault in list_faults(vocabulary, profile[field], f"/{field}")
        ),
        *_repeated(profile["languages"], "/languages"),
        *_domain_faults(profile["email_domains"]),
        *_repeated(profile["predecessors"], "/predecessors"),
        *_description_faults(profile["descriptions"]),
    ]


def verification_faults(before: Document, after: Document) -> list[FieldError]:
    """Return a fault for each identifier that would become verified, or verified otherwise.

    For whoever doesn't coordinate: they can leave a verification as it is, or lose it with its
    identifier.
    """
    known = {_key(each): each["verified_at"] for each in before["identifiers"]}
    return [
        FieldError(
            pointer=f"/identifiers/{place}/verified_at",
            detail="Leave this out: only a coordinator states that an identifier was verified.",
        )
        for place, each in enumerate(after["identifiers"])
        if each["verified_at"] != known.get(_key(each))
    ]


def with_kept_identifiers(profile: Document, before: Document, dated: set[int]) -> Document:
    """Return the profile with each identifier in its one form, where it has one.

    One that is sent without ``verified_at`` keeps what it had ``before``; ``dated`` are the places
    of those that were sent with it.
    """
    known = {_key(each): each["verified_at"] for each in before.get("identifiers", [])}
    kept = []
    for place, each in enumerate(profile["identifiers"]):
        form = dict(each)
        with suppress(ValueError):
            form["value"] = identifiers.checked(each["scheme"], each["value"])
        if place not in dated:
            form["verified_at"] = known.get(_key(form))
        kept.append(form)
    return {**profile, "identifiers": kept}


def without_shown_names(profile: Document) -> Document:
    """Return the profile whose other names don't repeat the two that are shown."""
    return {**profile, "names": [name for name in profile["names"] if not _shown(profile, name)]}


def _shown(profile: Document, name: Mapping[str, Any]) -> bool:
    shown = {"official": profile["name"], "acronym": profile["acronym"]}
    return bool(shown.get(name["kind"]) == name["value"])


def _key(identifier: Mapping[str, Any]) -> tuple[str, str]:
    return identifier["scheme"], identifier["value"]


def _name_faults(profile: Document) -> list[FieldError]:
    faults = []
    seen = {("official", comparison_key(profile["name"]), profile["name_language"])}
    spelled: set[tuple[str, str]] = set()
    official = {profile["name_language"]}
    for place, name in enumerate(profile["names"]):
        if _shown(profile, name):
            continue
        key = (name["kind"], comparison_key(name["value"]), name["language"])
        spelling = (name["kind"], name["value"])
        if key in seen or spelling in spelled:
            faults.append(
                FieldError(
                    pointer=f"/names/{place}",
                    detail="Leave this name out: it is given already. One that is spelled the "
                    "same in several languages is given once.",
                )
            )
        elif name["kind"] == "official" and name["language"] is None:
            faults.append(
                FieldError(
                    pointer=f"/names/{place}/language",
                    detail="Give the language of this official name; only `name` may lack it.",
                )
            )
        elif name["kind"] == "official" and name["language"] in official:
            faults.append(
                FieldError(
                    pointer=f"/names/{place}/language",
                    detail="Make this an alias or a former name: a language has one official name.",
                )
            )
        seen.add(key)
        spelled.add(spelling)
        if name["kind"] == "official":
            official.add(name["language"])
    return faults


def _identifier_faults(given: Iterable[Mapping[str, Any]]) -> list[FieldError]:
    faults = []
    seen = set()
    for place, each in enumerate(given):
        pointer = f"/identifiers/{place}"
        if not identifiers.known_scheme(each["scheme"]):
            faults.append(
                FieldError(
                    pointer=f"{pointer}/scheme",
                    detail="Use the code of an org-id.guide list such as XI-ROR or BD-NAB, or "
                    "ISNI; GET /vocabularies/identifier-schemes lists the international ones.",
                )
            )
            continue
        if fault := _in_words(identifiers.checked, each["scheme"], each["value"]):
            faults.append(FieldError(pointer=f"{pointer}/value", detail=fault))
        elif _key(each) in seen:
            faults.append(
                FieldError(pointer=pointer, detail="Leave this out: it is given already.")
            )
        seen.add(_key(each))
    return faults


def _in_words(check: Callable[[str, str], str], scheme: str, value: str) -> str | None:
    try:
        check(scheme, value)
    except ValueError as error:
        return str(error)
    return None


def _repeated(values: list[str], pointer: str) -> list[FieldError]:
    return [
        FieldError(
            pointer=f"{pointer}/{place}", detail=f"Leave out {value} here: it is given already."
        )
        for place, value in enumerate(values)
        if value in values[:place]
    ]


def _domain_faults(domains: list[str]) -> list[FieldError]:
    return [
        *_repeated(domains, "/email_domains"),
        *(
            FieldError(
                pointer=f"/email_domains/{place}",
                detail=f"Leave out {domain}: everybody can have an address there.",
            )
            for place, domain in enumerate(domains)
            if domain in public_mail_domains()
        ),
    ]


def _description_faults(descriptions: Mapping[str, str]) -> list[FieldError]:
    if len(descriptions) <= MAX_DESCRIPTIONS:
        return []
    return [
        FieldError(
            pointer="/descriptions",
            detail=f"Give descriptions in at most {MAX_DESCRIPTIONS} languages.",
        )
    ]
