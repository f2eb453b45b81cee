"""Domains: one spelling each, and which look alike."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.registry.domains import ascii_domain, skeleton, with_parents


@pytest.mark.parametrize(
    ("given_", "kept"),
    [
        ("fao.org", "fao.org"),
        (" FAO.Org ", "fao.org"),
        ("ＦＡＯ.org", "fao.org"),
        ("bücher.example", "xn--bcher-kva.example"),
        ("xn--bcher-kva.example", "xn--bcher-kva.example"),
        ("правительство.рф", "xn--80aealotwbjpid2k.xn--p1ai"),
        ("fao。org", "fao.org"),
    ],
)
def test_a_domain_has_one_spelling(given_: str, kept: str) -> None:
    assert ascii_domain(given_) == kept


@pytest.mark.parametrize(
    "given_",
    [
        "",
        "org",
        "fao.org.",
        ".org",
        "fao..org",
        "@fao.org",
        "ana@fao.org",
        "https://fao.org",
        "fao.org/path",
        "fao .org",
        "-fao.org",
        "fao_.org",
        "fao\u200b\u202e.org",
        "192.168.0.1",
        "x" * 64 + ".org",
        "xn--a.org",
        ".".join(["x" * 60] * 5),
    ],
)
def test_what_is_no_domain_is_refused(given_: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011
        ascii_domain(given_)


@pytest.mark.parametrize(
    "other",
    ["fa0.org", "fаo.org", "faο.org", "fào.org", "ｆao.org", "fɑo.org"],
    ids=["zero", "Cyrillic", "Greek", "accent", "wide", "alpha"],
)
def test_domains_that_look_alike_share_their_skeleton(other: str) -> None:
    assert skeleton(ascii_domain(other)) == skeleton("fao.org")


def test_letters_that_run_together_are_noticed() -> None:
    assert skeleton("cornesa.example") == skeleton("comesa.example")
    assert skeleton("vvfp.example") == skeleton("wfp.example")
    assert skeleton("i1o.example") == skeleton("ilo.example")


@pytest.mark.parametrize("other", ["fao.net", "foa.org", "mail.fao.org", "fa-o.org"])
def test_other_domains_have_another_skeleton(other: str) -> None:
    assert skeleton(other) != skeleton("fao.org")


@given(st.from_regex(r"[a-z0-9]{1,12}(-[a-z0-9]{1,8})?(\.[a-z]{2,8}){1,3}", fullmatch=True))
def test_what_is_kept_stays_as_it_is(domain: str) -> None:
    try:
        kept = ascii_domain(domain)
    except ValueError:
        return
    assert ascii_domain(kept) == kept
    assert skeleton(skeleton(kept)) == skeleton(kept)


def test_a_domain_belongs_to_those_above_it() -> None:
    assert with_parents("mail.fao.org") == ["mail.fao.org", "fao.org"]
