"""The key that signs tokens: made once, whole, and readable by its owner alone."""

import json
import os
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from joserfc.jwk import KeySet, OKPKey

from services.registry.signing_key import SigningKeyError, load_signing_keys, make_signing_key
from shared.identity import Caller, LocalKeySet, TokenVerifier, sign_token
from shared.ids import new_id
from tests.registry.journey import Registry


def test_only_its_owner_can_read_the_file(tmp_path: Path) -> None:
    path = tmp_path / "keys" / "signing.json"

    assert make_signing_key(path)

    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert list(path.parent.iterdir()) == [path], "no draft is left"


def test_a_key_that_exists_is_never_replaced(tmp_path: Path) -> None:
    path = tmp_path / "signing.json"
    make_signing_key(path)
    content = path.read_text()

    assert not make_signing_key(path)

    assert path.read_text() == content


def test_of_many_who_make_it_at_once_one_wins(tmp_path: Path) -> None:
    path = tmp_path / "signing.json"

    with ThreadPoolExecutor(8) as threads:
        made = list(threads.map(make_signing_key, [path] * 32))

    assert made.count(True) == 1
    assert load_signing_keys(path).signer.is_private
    assert list(tmp_path.iterdir()) == [path]


def test_a_kill_before_it_is_whole_leaves_no_key(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "signing.json"

    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "link", killed)
    with pytest.raises(KeyboardInterrupt):
        make_signing_key(path)
    monkeypatch.undo()

    assert not path.exists()
    assert make_signing_key(path)


def test_the_first_key_signs_and_older_ones_still_verify(tmp_path: Path) -> None:
    path = tmp_path / "signing.json"
    make_signing_key(path)
    old = load_signing_keys(path)
    caller = Caller(id=new_id())
    token = sign_token(old.signer, caller, 60)
    new = OKPKey.generate_key("Ed25519", auto_kid=True)
    keys = [new.as_dict(private=True), old.signer.as_dict(private=True)]
    path.write_text(json.dumps({"keys": keys}))

    loaded = load_signing_keys(path)

    assert loaded.signer.kid == new.kid
    assert TokenVerifier(LocalKeySet(loaded.published)).verify(token) == caller


def test_the_published_keys_verify_and_hold_no_private_part(embedded_registry: Registry) -> None:
    person = embedded_registry.coordinator()
    answer = embedded_registry.client.get("/.well-known/jwks.json")

    assert all("d" not in key for key in answer.json()["keys"])
    assert "public" in answer.headers["cache-control"]
    verifier = TokenVerifier(LocalKeySet(KeySet.import_key_set(answer.json())))
    assert str(verifier.verify(person.token).id) == person.id


@pytest.mark.parametrize(
    "content", ["", "{", "[]", '{"keys": []}', '{"keys": [{"kty": "oct", "k": "c2VjcmV0"}]}']
)
def test_a_broken_file_is_named_with_what_to_do(tmp_path: Path, content: str) -> None:
    path = tmp_path / "signing.json"
    path.write_text(content)

    with pytest.raises(SigningKeyError, match="restore it from a backup"):
        load_signing_keys(path)


def test_a_missing_file_is_named_with_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(SigningKeyError, match="run migrate"):
        load_signing_keys(tmp_path / "signing.json")
