"""The names and the variants by which finding duplicates is measured."""

import pytest

from benchmarks.planted_variants import KINDS, REGISTERED, names, source, variants


def test_every_name_of_the_list_is_there_once_with_its_source() -> None:
    known = [known.name for known in names()]

    assert len(set(known)) == len(known) == REGISTERED + 400
    assert "JetBrains/swot" in source()


@pytest.mark.parametrize("kind", list(KINDS))
def test_a_kind_has_the_same_variants_each_time_and_none_is_its_original(kind: str) -> None:
    made = list(variants(kind))

    assert len(made) > 25
    assert made == list(variants(kind))
    assert all(name != names()[place].name for place, name in made)
    assert all(place < REGISTERED for place, _ in made)
