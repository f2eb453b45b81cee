"""Which language tags there can be."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.languages import canonical_tag
from shared.vocabularies import vocabulary


@pytest.mark.parametrize(
    ("tag", "kept"),
    [
        ("en", "en"),
        ("EN", "en"),
        ("pt-br", "pt-BR"),
        ("zh-hANT-tw", "zh-Hant-TW"),
        ("es-419", "es-419"),
        ("sl-Rozaj", "sl-rozaj"),
        ("de-1996", "de-1996"),
        ("kok", "kok"),
    ],
)
def test_a_tag_is_kept_in_its_recommended_case(tag: str, kept: str) -> None:
    assert canonical_tag(tag) == kept


@pytest.mark.parametrize(
    "tag",
    ["", "e", "xx", "english", "en_GB", "en-", "en-XX", "en-999", "en-Xyzw", "ｅｎ", "en-GB-x"],
)
def test_another_tag_is_refused(tag: str) -> None:
    with pytest.raises(ValueError, match=r"\.$"):
        canonical_tag(tag)


@given(
    st.sampled_from(vocabulary("languages").terms),
    st.sampled_from([None, *vocabulary("scripts").terms]),
    st.sampled_from([None, *vocabulary("countries").terms, *vocabulary("regions").terms]),
)
def test_every_known_part_makes_a_tag(language: object, script: object, region: object) -> None:
    tag = "-".join(part.code for part in (language, script, region) if part)  # type: ignore[attr-defined]
    assert canonical_tag(tag.upper()) == tag
