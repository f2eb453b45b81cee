"""DKIM signatures, verified as a receiver does."""

from base64 import b64encode
from pathlib import Path

import dkim
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from shared.dkim_signing import DkimKeyError, Signer

CONTENT = (
    b"From: Southlink <news@south.example.org>\r\nTo: ana@example.org\r\nSubject: News\r\n"
    b"Message-ID: <1@south.example.org>\r\nList-Unsubscribe: <https://south.example.org/u>\r\n"
    b"List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n\r\nGood  news. \r\n\r\n\r\n"
)
KEYS = pytest.mark.parametrize(
    "key",
    [Ed25519PrivateKey.generate(), generate_private_key(65537, 2048)],
    ids=["ed25519", "rsa"],
)


def signer(key: Ed25519PrivateKey | RSAPrivateKey, folder: Path) -> Signer:
    path = folder / "dkim.pem"
    path.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return Signer.from_file(path, "south.example.org", "news")


def verified(content: bytes, key: Ed25519PrivateKey | RSAPrivateKey) -> bool:
    """Verify as a receiver that finds the public key in the DNS."""

    def record(name: bytes, timeout: int = 5) -> bytes:
        assert name.rstrip(b".") == b"news._domainkey.south.example.org"
        assert timeout
        if isinstance(key, Ed25519PrivateKey):
            return b"v=DKIM1; k=ed25519; p=" + b64encode(key.public_key().public_bytes_raw())
        public = key.public_key()
        der = public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        return b"v=DKIM1; k=rsa; p=" + b64encode(der)

    return bool(dkim.verify(content, dnsfunc=record))


@KEYS
def test_a_receiver_verifies_the_signature_also_after_relaxed_changes(
    key: Ed25519PrivateKey | RSAPrivateKey, tmp_path: Path
) -> None:
    signed = signer(key, tmp_path).signed(CONTENT)
    assert signed.endswith(CONTENT)
    assert verified(signed, key)
    assert verified(signed.replace(b"Good  news. \r\n", b"Good news.\r\n"), key)


@KEYS
def test_a_changed_text_or_way_to_leave_breaks_the_signature(
    key: Ed25519PrivateKey | RSAPrivateKey, tmp_path: Path
) -> None:
    signed = signer(key, tmp_path).signed(CONTENT)
    assert not verified(signed.replace(b"Good", b"Bad"), key)
    assert not verified(signed.replace(b"example.org/u>", b"example.net/u>"), key)
    assert not verified(b"From: other@example.net\r\n" + signed, key)


def test_a_key_that_cant_be_used_says_so_without_telling_it(tmp_path: Path) -> None:
    weak = generate_private_key(65537, 1024)
    with pytest.raises(DkimKeyError, match="2048"):
        signer(weak, tmp_path)
    broken = tmp_path / "broken.pem"
    broken.write_text("-----BEGIN PRIVATE KEY-----\nsecret\n-----END PRIVATE KEY-----\n")
    with pytest.raises(DkimKeyError, match="name a PEM file") as raised:
        Signer.from_file(broken, "south.example.org", "news")
    assert "secret" not in str(raised.value)
