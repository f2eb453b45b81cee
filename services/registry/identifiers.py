"""Identifiers that registers outside give to institutions: their schemes, and how each is checked.

A scheme is the code of a list of org-id.guide, such as ``XI-ROR``, or ``ISNI``.
"""

import re
from collections.abc import Callable, Mapping

from shared.vocabularies import vocabulary

_BASE_32 = "0123456789abcdefghjkmnpqrstvwxyz"
_NATIONAL = re.compile(r"([A-Z]{2})-[A-Z0-9_]{1,20}(-[A-Z0-9]{1,10})?", re.ASCII)
_ANY = re.compile(r"[!-~]{1,100}")


def known_scheme(scheme: str) -> bool:
    """Return whether the scheme is one of ours, or a list of a country (``BD-NAB``)."""
    if vocabulary("identifier-schemes").term(scheme):
        return True
    national = _NATIONAL.fullmatch(scheme)
    return national is not None and vocabulary("countries").term(national[1]) is not None


def checked(scheme: str, value: str) -> str:
    """Return the identifier in the one form in which it is kept.

    The prefix that org-id.guide puts before an identifier, or the address of the register's page,
    may be there or not. Raises ``ValueError`` in words when the scheme can't have such a value.
    """
    bare = value.removeprefix(f"{scheme}-")
    check = _CHECKS.get(scheme)
    if check is not None:
        return check(bare)
    if not _ANY.fullmatch(bare):
        raise ValueError("Give the identifier as its register writes it, without blanks.")
    return bare


def _ror(value: str) -> str:
    bare = re.sub(r"^(https?://)?ror\.org/", "", value.lower())
    if not re.fullmatch(rf"0[{_BASE_32}]{{6}}[0-9]{{2}}", bare):
        raise ValueError("A ROR id is a 0, six letters or digits and two digits: 02mhbdp94.")
    number = 0
    for character in bare[:-2]:
        number = number * 32 + _BASE_32.index(character)
    # ISO 7064, mod 97-10, on the number that Crockford's base 32 spells.
    if (number * 100 + int(bare[-2:])) % 97 != 1:
        raise ValueError("Check this ROR id: its two check digits don't fit, so it is mistyped.")
    return bare


def _isni(value: str) -> str:
    bare = re.sub(r"^https?://(www\.)?isni\.org/(isni/)?", "", value)
    bare = re.sub(r"[ -]", "", bare).upper()
    if not re.fullmatch(r"[0-9]{15}[0-9X]", bare):
        raise ValueError("An ISNI has 16 digits, of which the last may be an X.")
    total = 0
    for digit in bare[:-1]:
        total = (total + int(digit)) * 2 % 11
    # ISO 7064, mod 11-2.
    if "0123456789X"[(12 - total) % 11] != bare[-1]:
        raise ValueError("Check this ISNI: its last character doesn't fit, so it is mistyped.")
    return bare


def _lei(value: str) -> str:
    bare = value.replace(" ", "").upper()
    if not re.fullmatch(r"[A-Z0-9]{18}[0-9]{2}", bare):
        raise ValueError("An LEI has 18 letters or digits and two digits.")
    # ISO 17442: mod 97-10, with A as 10 to Z as 35.
    if int("".join(str(int(character, 36)) for character in bare)) % 97 != 1:
        raise ValueError("Check this LEI: its two check digits don't fit, so it is mistyped.")
    return bare


def _of_form(pattern: str, fault: str) -> Callable[[str], str]:
    form = re.compile(pattern, re.ASCII)

    def check(value: str) -> str:
        if not form.fullmatch(value):
            raise ValueError(fault)
        return value

    return check


_CHECKS: Mapping[str, Callable[[str], str]] = {
    "ISNI": _isni,
    "XI-DUNS": _of_form(r"[0-9]{9}", "A D-U-N-S number has nine digits."),
    "XI-GRID": _of_form(r"grid\.[0-9]{1,6}\.[0-9a-f]{1,2}", "A GRID id has the form grid.1234.5a."),
    "XI-LEI": _lei,
    "XI-ROR": _ror,
    "XI-WIKIDATA": _of_form(r"Q[1-9][0-9]{0,11}", "A Wikidata item is a Q and a number: Q82151."),
    "XM-DAC": _of_form(r"[0-9]{1,6}(-[0-9]{1,6})?", "A DAC code is a number, such as 41114."),
}
