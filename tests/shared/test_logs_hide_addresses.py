"""What must never be in a log."""

from hypothesis import given
from hypothesis import strategies as st

from shared.logs import MASK, mask

names = st.from_regex(r"[a-z0-9][a-z0-9._+-]{0,20}", fullmatch=True)


@given(names, names, st.text(max_size=20))
def test_an_address_is_masked_wherever_it_stands(local: str, domain: str, around: str) -> None:
    domain = domain.strip("._+-").replace("+", "").replace("_", "").replace("..", ".") or "x"
    address = f"{local}@{domain}.org"
    assert address not in mask(f"{around} <{address}> {around}")


def test_secrets_in_a_link_are_masked() -> None:
    assert mask("GET /confirm?token=abc.def&x=1") == "GET /confirm?token=<secret>&x=1"


def test_a_line_without_an_address_stays_as_it_is() -> None:
    assert mask("at 10:00 @ Bangkok") == "at 10:00 @ Bangkok"
    assert mask("ana@example.org") == MASK
