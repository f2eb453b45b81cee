"""Who finds a port taken takes the next free one, or says which it was."""

import socket
from collections.abc import Iterator
from dataclasses import asdict

import pytest

from standalone.installation import NoFreePortError, Ports, free_ports, is_free


@pytest.fixture
def taken() -> Iterator[int]:
    """A port on which somebody listens."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        yield int(listener.getsockname()[1])


def test_a_port_on_which_somebody_listens_is_not_free(taken: int) -> None:
    assert not is_free(taken)


def test_a_taken_port_is_replaced_by_a_later_one(taken: int) -> None:
    chosen = free_ports(Ports(registry=taken))

    assert taken < chosen.registry <= taken + 500


def test_two_listeners_that_want_the_same_port_get_two(taken: int) -> None:
    wanted = Ports(taken, taken, taken, taken, taken, taken)

    chosen = asdict(free_ports(wanted)).values()

    assert len(set(chosen)) == 6
    assert taken not in chosen


def test_every_chosen_port_is_free() -> None:
    assert all(is_free(port) for port in asdict(free_ports(Ports())).values())


def test_when_none_is_free_the_sentence_names_the_port_and_what_to_do() -> None:
    with socket.socket() as listener:
        try:
            listener.bind(("127.0.0.1", 65_535))
        except OSError:
            pass  # Somebody else has it: just as well.
        else:
            listener.listen()

        with pytest.raises(NoFreePortError) as error:
            free_ports(Ports(mail=65_535))

    assert "65535" in str(error.value)
    assert "mail" in str(error.value)
    assert "try again" in str(error.value)
