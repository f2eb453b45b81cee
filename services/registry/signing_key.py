"""The private key that signs tokens: a JWK set in a file that only this service's user can read.

The first key of the set signs; the public halves of all are published, so that a key can be
changed by adding a new one in front.
"""

import json
import os
import secrets
from dataclasses import dataclass
from pathlib import Path

from joserfc.errors import JoseError
from joserfc.jwk import KeySet, OKPKey


class SigningKeyError(Exception):
    """The file is missing or broken; the message says what to do."""


@dataclass(frozen=True)
class SigningKeys:
    """The keys of the file."""

    signer: OKPKey
    published: KeySet
    """The public halves alone."""


def make_signing_key(path: Path) -> bool:
    """Make the file with a new Ed25519 key unless there is one; return whether it was made.

    It appears whole or not at all, and never replaces another: a kill in between leaves at most a
    hidden file, and of two processes that make it at once one wins.
    """
    if path.exists():
        return False
    path.parent.mkdir(parents=True, exist_ok=True)
    key = OKPKey.generate_key("Ed25519", auto_kid=True)
    content = json.dumps({"keys": [key.as_dict(private=True)]})
    draft = path.parent / f".{path.name}.{secrets.token_hex(8)}"
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "w") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.link(draft, path)
    except FileExistsError:
        return False
    finally:
        draft.unlink()
    return True


def load_signing_keys(path: Path) -> SigningKeys:
    """Return the keys of the file; `SigningKeyError` when it can't be used."""
    try:
        found = KeySet.import_key_set(json.loads(path.read_text()))
        keys = [key for key in found.keys if isinstance(key, OKPKey) and key.is_private]
        signer = keys[0]
        public = KeySet([OKPKey.import_key(key.as_dict(private=False)) for key in keys])
    except FileNotFoundError:
        raise SigningKeyError(
            f"The signing key {path} is missing: run migrate, or restore it from a backup."
        ) from None
    except PermissionError:
        raise SigningKeyError(
            f"The signing key {path} can't be read: give it to the user of the registry."
        ) from None
    except (ValueError, KeyError, IndexError, TypeError, JoseError):
        raise SigningKeyError(
            f"The signing key {path} is broken: restore it from a backup, or move it away and "
            "run migrate, which signs everybody's tokens with a new key."
        ) from None
    return SigningKeys(signer, public)
