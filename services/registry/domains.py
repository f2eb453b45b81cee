"""Domains: their one spelling, and when two of them look alike."""

import json
import unicodedata
from functools import cache
from importlib.resources import files
from typing import Annotated

import idna
from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError


def ascii_domain(domain: str) -> str:
    """Return a domain as in DNS: lower case, IDNA 2008 after the mapping of UTS 46.

    Raises ``ValueError`` when it is none, or only a top-level domain.
    """
    # Both raise subclasses of ValueError; encoding alone takes an xn-- label as it is.
    encoded = idna.encode(domain.strip(), uts46=True, std3_rules=True).decode("ascii")
    idna.decode(encoded)
    *_, last = labels = encoded.split(".")
    if len(labels) < 2 or not last or last.isdigit():
        raise ValueError("A domain has at least two parts.")
    return encoded


def skeleton(domain: str) -> str:
    """Return what domains that look alike share.

    As in UTS 39, section 4, but stricter, as it only makes somebody look: accents don't count.
    """
    try:
        shown = idna.decode(domain)
    except idna.IDNAError:
        shown = domain
    letters = _look_alike_letters()
    plain = "".join(
        letters.get(character, character)
        for character in unicodedata.normalize("NFD", shown)
        if unicodedata.category(character) != "Mn"
    )
    return plain.translate(_DIGITS).replace("rn", "m").replace("vv", "w")


def with_parents(domain: str) -> list[str]:
    """Return the domain and those above it: ``mail.fao.org`` and ``fao.org``."""
    labels = domain.split(".")
    return [".".join(labels[start:]) for start in range(len(labels) - 1)]


_DIGITS = str.maketrans("01", "ol")


@cache
def _look_alike_letters() -> dict[str, str]:
    text = (files(__package__) / "look_alike_letters.json").read_text(encoding="utf-8")
    letters: dict[str, str] = json.loads(text)["letters"]
    return letters


def _checked(domain: str) -> str:
    try:
        return ascii_domain(domain)
    except ValueError:
        raise PydanticCustomError(
            "domain", "Give a domain alone, such as example.org, without @ and without https://."
        ) from None


EmailDomain = Annotated[
    str,
    Field(max_length=253, description="Domain of e-mail addresses.", examples=["cirdap.org"]),
    AfterValidator(_checked),
]
