"""What a text from a person may hold."""

from typing import Annotated

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from shared.text import EmailAddress, Line, Paragraphs

line = TypeAdapter(Annotated[str, Line(20)])
paragraphs = TypeAdapter(Annotated[str, Paragraphs(100)])
address = TypeAdapter(EmailAddress)


@given(st.text(max_size=30))
def test_an_accepted_line_never_holds_what_could_break_a_header(text: str) -> None:
    try:
        accepted = line.validate_python(text)
    except ValidationError:
        return
    assert accepted.isprintable() or all(ord(c) >= 32 for c in accepted)
    assert len(accepted.splitlines()) == 1
    assert 1 <= len(accepted) <= 20


@given(st.text(max_size=30))
def test_cleaning_an_accepted_text_again_changes_nothing(text: str) -> None:
    for kind in (line, paragraphs):
        try:
            accepted = kind.validate_python(text)
        except ValidationError:
            continue
        assert kind.validate_python(accepted) == accepted


@pytest.mark.parametrize(
    "text",
    [
        "",
        "   ",
        "x" * 21,
        "a\nb",
        "a\r\nBcc: x",
        "a\x00b",
        "a\x1bb",
        "a\u202eb",
        "a\u200bb",
        "\u2028x\u2028y",
    ],
)
def test_a_line_refuses_what_is_empty_too_long_or_deceiving(text: str) -> None:
    with pytest.raises(ValidationError):
        line.validate_python(text)


@pytest.mark.parametrize("value", [1, 1.5, True, None, ["a"], {"a": 1}, b"a"])
def test_a_text_is_never_made_from_another_type(value: object) -> None:
    with pytest.raises(ValidationError):
        line.validate_python(value)


def test_names_of_all_scripts_are_kept_and_normalised() -> None:
    assert line.validate_python("  Côte d’Ivoire ") == "Côte d’Ivoire"
    assert line.validate_python("Cafe\u0301") == "Café"
    assert line.validate_python("南南合作") == "南南合作"


def test_paragraphs_keep_their_line_breaks_in_one_form() -> None:
    assert paragraphs.validate_python("a\r\n\r\nb\rc") == "a\n\nb\nc"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "nobody",
        "a@b",
        "a b@example.org",
        "a@example.org\nBcc: b@example.org",
        "@example.org",
        "a@@example.org",
        "a@exa mple.org",
        "x" * 250 + "@example.org",
        "A <a@example.org>",
    ],
)
def test_what_is_not_an_address_is_refused(text: str) -> None:
    with pytest.raises(ValidationError):
        address.validate_python(text)


def test_the_domain_of_an_address_is_written_in_lower_case() -> None:
    assert address.validate_python("Ana.Silva@Example.ORG") == "Ana.Silva@example.org"
