"""What an institution is found by as a possible duplicate: short keys of its names, in a table.

Two institutions that may be one share a key that few others have. A key is a number made of a
word's consonants, of two such words, of a word with the country, of the whole name, of an acronym
or of initials; short names have keys that survive one mistyped letter. The same on every database.
"""

import hashlib
from collections.abc import Iterable, Iterator
from datetime import datetime
from itertools import combinations
from uuid import UUID

from sqlalchemy import delete, exists, func, insert, literal, union_all
from sqlmodel import Session, col, select

from services.registry.likeness import MOST_NAMES, Features, public_mail_domains
from services.registry.spelling import is_kind, letters, skeleton, spelling
from services.registry.tables import Institution, InstitutionNameKey

COMMON = 300
"""A key that more institutions have than that tells nothing."""
ENOUGH = 1_500
"""How many rows are read for one institution, those of its rarest keys first."""
KEYLESS_AT_ONCE = 200

_MOST_WORDS = 10
_PAIRED_WORDS = 6
_LONGEST_FUZZY_WORD = 16


def search_keys(features: Features) -> set[int]:
    """Return the keys of an institution; at least one."""
    return {_number(key) for key in _keys(features)}


def write_keys(session: Session, institution_id: UUID, features: Features) -> None:
    """Let the table hold the keys of an institution as it is now."""
    table = InstitutionNameKey
    wanted = search_keys(features)
    kept = set(session.exec(select(table.key).where(table.institution_id == institution_id)))
    if gone := kept - wanted:
        session.execute(
            delete(table).where(
                col(table.institution_id) == institution_id, col(table.key).in_(gone)
            )
        )
    if new := wanted - kept:
        session.execute(
            insert(table), [{"key": key, "institution_id": institution_id} for key in sorted(new)]
        )


def sharing_keys(session: Session, keys: Iterable[int], most: int) -> list[UUID]:
    """Return the institutions that share the rarest of these keys, the likeliest first."""
    wanted = sorted(keys)
    if not wanted:
        return []
    table = InstitutionNameKey
    counts = [
        select(
            literal(key).label("key"),
            select(func.count())
            .select_from(select(literal(1)).where(table.key == key).limit(COMMON + 1).subquery())
            .scalar_subquery()
            .label("holders"),
        )
        for key in wanted
    ]
    holders = {key: number for key, number in session.execute(union_all(*counts)) if number}
    rare: list[int] = []
    rows = 0
    for key in sorted(holders, key=lambda key: (holders[key], key)):
        rows += holders[key]
        if holders[key] > COMMON or (rare and rows > ENOUGH):
            break
        rare.append(key)
    weight: dict[UUID, float] = {}
    found = session.execute(select(table.key, table.institution_id).where(col(table.key).in_(rare)))
    for key, institution_id in found:
        weight[institution_id] = weight.get(institution_id, 0.0) + 1 / (1 + holders[key] ** 0.5)
    return sorted(weight, key=lambda each: (-weight[each], each))[:most]


def without_keys(session: Session, _now: datetime) -> list[UUID]:
    """Return some institutions that have no key yet: those of before there were any."""
    has_one = exists().where(col(InstitutionNameKey.institution_id) == col(Institution.id))
    return list(
        session.exec(
            select(Institution.id)
            .where(~has_one)
            .order_by(col(Institution.id))
            .limit(KEYLESS_AT_ONCE)
        )
    )


def _keys(features: Features) -> Iterator[str]:
    for name in features.names[:MOST_NAMES] or ("",):
        yield from _keys_of_name(name, features.country)
    for acronym in features.acronyms:
        if found := letters(acronym):
            yield f"acronym {found}"
    for host in features.hosts - public_mail_domains():
        yield f"host {host}"


def _keys_of_name(name: str, country: str | None) -> Iterator[str]:
    spelt = spelling(name)
    words = list(dict.fromkeys(spelt.words))[:_MOST_WORDS]
    bones = {word: skeleton(word) for word in words}
    yield f"all {' '.join(sorted(bones.values())) or name}"
    yield f"run {skeleton(''.join(spelt.words))}"
    for word in words:
        if not is_kind(word):
            yield f"word {bones[word]}"
        if country:
            yield f"in {country} {bones[word]}"
    own = sorted(words, key=lambda word: (is_kind(word), -len(word), word))[:_PAIRED_WORDS]
    for pair in combinations(own, 2):
        yield f"pair {' '.join(sorted(bones[word] for word in pair))}"
    if len(words) <= 2:
        for word in words:
            rest = " ".join(bones[other] for other in words if other != word)
            for stump in _stumps(word):
                yield f"near {stump} {rest}"
    for initials in spelt.initials | ({spelt.alone} if spelt.alone else set()):
        yield f"acronym {initials}"


def _stumps(word: str) -> Iterator[str]:
    """Yield the word, and it without each one letter: a mistyped word shares one of them."""
    yield word
    if 4 <= len(word) <= _LONGEST_FUZZY_WORD and not is_kind(word):
        for index in range(len(word)):
            yield word[:index] + word[index + 1 :]


def _number(key: str) -> int:
    digest = hashlib.blake2b(key.encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big", signed=True)
