"""Webhooks go to public addresses over TLS, whatever a name or a server says."""

import socket
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.notifier.settings import Settings
from services.notifier.webhooks.network import Reach, RefusedError, is_public
from services.notifier.webhooks.posting import Poster
from shared.problems import Problem
from tests.notifier.certificates import Authority
from tests.notifier.receiver import Receiver
from tests.notifier.tls_front import tls_in_front_of
from tests.notifier.webhook_world import LOOPBACK

LOCAL = [
    "127.0.0.1",
    "127.255.255.254",
    "0.0.0.0",
    "10.0.0.1",
    "172.16.0.1",
    "192.168.1.1",
    "169.254.169.254",
    "100.64.0.1",
    "192.0.2.1",
    "198.18.0.1",
    "224.0.0.1",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::127.0.0.1",
    "::ffff:127.0.0.1",
    "::ffff:8.8.8.8",
    "64:ff9b::7f00:1",
    "64:ff9b::808:808",
    "64:ff9b:1::1",
    "2001::1",
    "2001:db8::1",
    "2002:7f00:1::1",
    "fc00::1",
    "fe80::1",
    "fec0::1",
    "ff02::1",
]


@pytest.mark.parametrize("address", LOCAL)
def test_an_address_that_is_not_public_is_refused(address: str) -> None:
    assert not is_public(ip_address(address))
    assert not Reach().admits(ip_address(address))


@pytest.mark.parametrize("address", ["8.8.8.8", "193.0.6.139", "2620:fe::fe", "2a00:1450:4001::1"])
def test_a_public_address_is_not(address: str) -> None:
    assert Reach().admits(ip_address(address))


@given(address=st.ip_addresses(network="64:ff9b::/96") | st.ip_addresses(network="::ffff:0:0/96"))
def test_no_ipv4_address_is_reached_by_way_of_an_ipv6_one(address: Any) -> None:
    assert not is_public(address)


def test_a_network_that_the_operator_names_is_reached_and_no_other() -> None:
    reach = Reach.of(Settings(webhook_networks="10.1.2.0/24, fd00::/8"))
    assert reach.admits(ip_address("10.1.2.9"))
    assert reach.admits(ip_address("fd00::1"))
    assert not reach.admits(ip_address("10.1.3.9"))


def test_a_network_that_is_none_is_a_wrong_setting() -> None:
    with pytest.raises(ValueError, match="webhook_networks"):
        Settings(webhook_networks="10.1.2.3/24")


@pytest.mark.parametrize(
    "host", ["localhost", "127.0.0.1", "127.1", "2130706433", "0x7f000001", "::1", "::ffff:7f00:1"]
)
def test_no_spelling_of_this_machine_leads_to_it(host: str) -> None:
    with Receiver(port=0) as receiver:
        with pytest.raises(RefusedError):
            Reach().addresses(host, receiver.port)
        shown = f"[{host}]" if ":" in host else host
        with Poster(Reach(plain_http=True), 5.0) as poster:
            answer = poster.post(f"http://{shown}:{receiver.port}/hook", {}, "{}")
        assert answer.status is None
        assert answer.error == "Its name leads to no public address."
        assert receiver.begun == []


def test_a_name_that_is_not_in_the_dns_is_refused_in_the_same_words() -> None:
    for host in ("nowhere.invalid", "a" * 70 + ".example.org"):
        with pytest.raises(RefusedError, match=r"^Its name leads to no public address\.$"):
            Reach().addresses(host, 443)


def test_a_name_with_one_address_that_is_not_public_is_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    resolve_to(monkeypatch, [["8.8.8.8", "10.0.0.1"]])
    with pytest.raises(RefusedError):
        Reach().addresses("both.example.org", 443)


def test_the_connection_goes_to_the_address_that_was_checked(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The name server answers otherwise the second time, as one that means harm does."""
    reach = Reach(networks=(ip_network("127.0.0.1/32"),), plain_http=True)
    with Receiver() as good, Receiver(host="127.0.0.2", port=good.port) as other:
        asked = resolve_to(monkeypatch, [["127.0.0.1"], ["127.0.0.2"]])
        with Poster(reach, 5.0) as poster:
            answer = poster.post(f"http://rebinding.example.org:{good.port}/hook", {}, "{}")
        assert answer.is_taken
        assert asked == ["rebinding.example.org"]
        assert [each.headers["host"] for each in good.requests] == [
            f"rebinding.example.org:{good.port}"
        ]
        with Poster(reach, 5.0) as poster:
            second = poster.post(f"http://rebinding.example.org:{good.port}/hook", {}, "{}")
        assert second.error == "Its name leads to no public address."
        assert other.begun == []


def test_proxies_of_the_environment_are_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    with Receiver() as receiver, Receiver() as proxy:
        for name in ("http_proxy", "HTTP_PROXY", "ALL_PROXY"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{proxy.port}")
        with Poster(LOOPBACK, 5.0) as poster:
            assert poster.post(receiver.url, {}, "{}").is_taken
        assert len(receiver.requests) == 1
        assert proxy.begun == []


@pytest.mark.parametrize("name", ["receiver.example.org", "another.example.org"])
def test_the_certificate_must_be_of_the_name(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    authority = Authority(tmp_path)
    issued = authority.issue("receiver.example.org")
    reach = Reach(networks=(ip_network("127.0.0.1/32"),), ca_file=authority.file)
    resolve_to(monkeypatch, [["127.0.0.1"]])
    with (
        Receiver() as receiver,
        tls_in_front_of(receiver.port, issued) as port,
        Poster(reach, 5.0) as poster,
    ):
        answer = poster.post(f"https://{name}:{port}/hook", {}, "{}")
    assert answer.is_taken is (name == "receiver.example.org")
    assert len(receiver.requests) == int(answer.is_taken)


def test_a_certificate_of_an_unknown_authority_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    issued = Authority(tmp_path).issue("receiver.example.org")
    resolve_to(monkeypatch, [["127.0.0.1"]])
    with (
        Receiver() as receiver,
        tls_in_front_of(receiver.port, issued) as port,
        Poster(LOOPBACK, 5.0) as poster,
    ):
        answer = poster.post(f"https://receiver.example.org:{port}/hook", {}, "{}")
    assert answer.error == "The connection failed: ConnectError."


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("http://receiver.example.org/", "begins with https://"),
        ("ftp://receiver.example.org/", "begins with https://"),
        ("file:///etc/passwd", "begins with https://"),
        ("gopher://receiver.example.org/", "begins with https://"),
        ("//receiver.example.org/", "begins with https://"),
        ("receiver.example.org", "begins with https://"),
        ("https:///hook", "begins with https://"),
        ("https://", "begins with https://"),
        ("https://[::1/", "begins with https://"),
        ("https://receiver.example.org:99999/", "port 443"),
        ("https://receiver.example.org:port/", "begins with https://"),
        ("https://ana@receiver.example.org/", "user name and password"),
        ("https://ana:secret@receiver.example.org/", "user name and password"),
        ("https://receiver.example.org/#part", "from # on"),
        ("https://receiver.example.org/#", "from # on"),
        ("https://receiver.example.org:25/", "port 443"),
        ("https://receiver.example.org:80/", "port 443"),
        ("https://receiver.example.org/" + "a" * 1_000, "1,000 characters"),
    ],
)
def test_an_address_that_is_not_sent_to_is_refused_with_what_to_do(url: str, says: str) -> None:
    with pytest.raises(Problem) as refused:
        Reach().require_url(url)
    assert refused.value.kind.status == 422
    assert [error.pointer for error in refused.value.errors] == ["/url"]
    assert says in refused.value.detail


@pytest.mark.parametrize(
    ("url", "usual"),
    [
        ("https://Receiver.Example.ORG/Hook", "https://receiver.example.org/Hook"),
        ("https://receiver.example.org:443/a?b=c", "https://receiver.example.org/a?b=c"),
        ("https://receiver.example.org:8443/", "https://receiver.example.org:8443/"),
        ("https://bücher.example.org/", "https://xn--bcher-kva.example.org/"),
    ],
)
def test_other_addresses_are_kept_in_their_usual_form(url: str, usual: str) -> None:
    assert Reach().require_url(url) == usual


@given(text=st.text(max_size=60))
def test_any_text_is_an_address_or_one_clear_problem(text: str) -> None:
    usual, problem = checked(f"https://{text}")
    if problem is not None:
        assert problem.kind.status == 422
    else:
        assert usual.startswith("https://")
        assert checked(usual) == (usual, None)


def checked(url: str) -> tuple[str, Problem | None]:
    try:
        return Reach().require_url(url), None
    except Problem as problem:
        return "", problem


def resolve_to(monkeypatch: pytest.MonkeyPatch, answers: list[list[str]]) -> list[str]:
    """Let the name server answer so, the last answer for ever; return who was asked for."""
    asked: list[str] = []
    real = socket.getaddrinfo

    def answer(host: str, port: int, *args: Any, **kwargs: Any) -> list[Any]:
        if not host.endswith("example.org"):
            return list(real(host, port, *args, **kwargs))
        addresses = answers[min(len(asked), len(answers) - 1)]
        asked.append(host)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (each, port)) for each in addresses]

    monkeypatch.setattr(socket, "getaddrinfo", answer)
    return asked
