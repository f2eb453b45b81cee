"""Headers: one line each, in which nobody can break a line.

Python's own folding writes a long ``List-Unsubscribe`` as encoded words, which mail programs don't
read there, and can lose a space between words in other scripts. So an ASCII header is one line
(RFC 5322 allows 998 characters), and other texts are encoded words (RFC 2047).
"""

import re
from email.errors import MessageError
from email.header import Header
from email.headerregistry import Address
from email.utils import parseaddr
from functools import lru_cache

SUBJECT_LENGTH = 120
"""Characters after which a subject line is cut at a word."""

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
_PLAIN_ADDRESS = re.compile(r"[\w!#$%&'*+/=?^`{|}~-]+(\.[\w!#$%&'*+/=?^`{|}~-]+)*@[\w.-]+")


class UnwritableError(ValueError):
    """A value that no header can hold; the message says what is wrong, without the value."""


class NothingToSayError(UnwritableError):
    """An e-mail that has lost all that it was to say; the message says how."""


def header(name: str, value: str) -> bytes:
    """Return the header's line, CRLF included; raise `UnwritableError` if it would be two."""
    if _CONTROL.search(value):
        raise UnwritableError(f"A control character stands in the header {name}.")
    return f"{name}: {value}\r\n".encode()


@lru_cache(4096)
def text_header(name: str, text: str) -> bytes:
    """Return the header with a text for people, in any script.

    A text that looks like encoded words is encoded too, so that it is read as it was written.
    """
    line = one_line(text)
    if line.isascii() and "=?" not in line:
        return header(name, line)
    encoded = Header(line, "utf-8", header_name=name).encode(linesep="\r\n")
    return f"{name}: {encoded}\r\n".encode("ascii")


@lru_cache(64)
def sender_header(mail_from: str) -> bytes:
    """Return ``From`` with the name in any script: ``Southlink <news@south.example.org>``."""
    name, address = parseaddr(mail_from)
    if _CONTROL.search(mail_from) or not address:
        raise UnwritableError("The sender's address is not one.")
    if name.isascii():
        return header("From", mail_from)
    encoded = Header(name, "utf-8", header_name="From").encode(linesep="\r\n")
    return f"From: {encoded} <{address}>\r\n".encode()


def recipient(address: str) -> str:
    """Return the address with its domain as in DNS (IDNA); raise `UnwritableError` if it is none.

    So only a local part in another script needs a mail server with SMTPUTF8.
    """
    if _CONTROL.search(address) or "@" not in address:
        raise UnwritableError("The reader's address is not one.")
    if not _PLAIN_ADDRESS.fullmatch(address):
        try:
            address = Address(addr_spec=address).addr_spec
        except (ValueError, IndexError, MessageError):
            raise UnwritableError("The reader's address is not one.") from None
    local, _, domain = address.rpartition("@")
    return address if domain.isascii() else f"{local}@{_in_dns(domain)}"


def one_line(text: str, length: int = SUBJECT_LENGTH) -> str:
    """Put the text on one line, cut with an ellipsis, at a word where one ends near."""
    line = " ".join(_CONTROL.sub(" ", text).split())
    if len(line) <= length:
        return line
    cut = line[: length - 1]
    last_space = cut.rfind(" ", length - 30)
    return (cut if last_space < 0 else cut[:last_space]).rstrip() + "…"


@lru_cache(1024)
def _in_dns(domain: str) -> str:
    import idna

    try:
        return idna.encode(domain, uts46=True).decode("ascii")
    except idna.IDNAError:
        raise UnwritableError("The domain of the reader's address can't exist.") from None
