"""Secrets: how they look and what is kept of them."""

import re

from hypothesis import given
from hypothesis import strategies as st

from services.registry import credentials

codes = st.from_regex(r"[0-9]{6}", fullmatch=True)


def test_a_code_has_six_digits() -> None:
    for _ in range(200):
        assert re.fullmatch(r"[0-9]{6}", credentials.new_code())


def test_no_two_secrets_are_the_same_and_their_kind_shows() -> None:
    secrets = {credentials.new_secret(credentials.SESSION_PREFIX) for _ in range(200)}
    assert len(secrets) == 200
    assert all(secret.startswith("sl_session_") and len(secret) > 50 for secret in secrets)


@given(st.text(min_size=1), codes)
def test_what_is_kept_of_a_code_does_not_contain_it(challenge: str, code: str) -> None:
    kept = credentials.code_digest(challenge, code)
    assert re.fullmatch(r"[0-9a-f]{64}", kept)
    assert kept != code


@given(st.text(min_size=1, max_size=60), codes, codes)
def test_only_the_same_code_has_the_same_digest(challenge: str, one: str, other: str) -> None:
    same = credentials.code_digest(challenge, one) == credentials.code_digest(challenge, other)
    assert same == (one == other)


@given(codes)
def test_a_code_means_something_else_to_another_browser(code: str) -> None:
    one, other = credentials.new_secret(), credentials.new_secret()
    assert credentials.code_digest(one, code) != credentials.code_digest(other, code)
