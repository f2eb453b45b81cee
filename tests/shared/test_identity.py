"""Who calls: tokens, and what makes one worthless."""

import time
from dataclasses import replace
from datetime import timedelta

import pytest
from fastapi.testclient import TestClient
from joserfc import jwt
from joserfc.jwk import KeySet, OctKey, OKPKey

from shared.identity import AUDIENCE, ISSUER, Caller, LocalKeySet, TokenVerifier, sign_token
from shared.ids import new_id
from shared.problems import Problem
from tests.shared.ledger import KEY

VERIFIER = TokenVerifier(LocalKeySet(KeySet([KEY])))
PUBLIC_AS_SECRET = OctKey.import_key({"kty": "oct", "k": str(KEY.as_dict(private=False)["x"])})
CALLER = Caller(new_id(), "person", frozenset({"act"}))


def test_a_signed_token_says_who_signed_for_whom() -> None:
    assert VERIFIER.verify(sign_token(KEY, CALLER, 60)) == CALLER


def test_a_token_says_in_which_session_it_was_made() -> None:
    signed_in = replace(CALLER, session_id=new_id())
    assert VERIFIER.verify(sign_token(KEY, signed_in, 60)) == signed_in


def claims(**changes: object) -> dict[str, object]:
    now = int(time.time())
    return {
        "iss": ISSUER,
        "aud": AUDIENCE,
        "sub": str(CALLER.id),
        "kind": "person",
        "iat": now,
        "exp": now + 60,
        **changes,
    }


def signed(content: dict[str, object], **header: str) -> str:
    return jwt.encode(
        {"alg": "Ed25519", "typ": "at+jwt", "kid": "test", **header},
        content,
        KEY,
        algorithms=["Ed25519"],
    )


WORTHLESS = {
    "empty": "",
    "garbage": "garbage",
    "not base64": "a.b.c",
    "expired": sign_token(KEY, CALLER, -int(timedelta(minutes=1).total_seconds())),
    "signed by another": sign_token(OKPKey.generate_key("Ed25519", {"kid": "test"}), CALLER, 60),
    "of an unknown key": sign_token(OKPKey.generate_key("Ed25519", {"kid": "new"}), CALLER, 60),
    "of another issuer": signed(claims(iss="somebody")),
    "for another audience": signed(claims(aud="another")),
    "about no id": signed(claims(sub="not-an-id")),
    "of a session of no id": signed(claims(sid="here")),
    "of an unknown kind": signed(claims(kind="king")),
    "without an end": signed({k: v for k, v in claims().items() if k != "exp"}),
    "of another type": signed(claims(), typ="JWT"),
    "unsigned": jwt.encode(
        {"alg": "none", "typ": "at+jwt", "kid": "test"}, claims(), KEY, algorithms=["none"]
    ),
    "signed with the public key": jwt.encode(
        {"alg": "HS256", "typ": "at+jwt", "kid": "test"},
        claims(),
        PUBLIC_AS_SECRET,
        algorithms=["HS256"],
    ),
}


@pytest.mark.parametrize("token", WORTHLESS.values(), ids=WORTHLESS)
def test_a_forged_expired_or_broken_token_speaks_for_nobody(token: str) -> None:
    with pytest.raises(Problem) as caught:
        VERIFIER.verify(token)
    assert caught.value.kind.status == 401


def test_a_changed_token_speaks_for_nobody() -> None:
    header, _, signature = sign_token(KEY, CALLER, 60).split(".")
    other = sign_token(KEY, Caller(new_id()), 60).split(".")[1]
    with pytest.raises(Problem):
        VERIFIER.verify(f"{header}.{other}.{signature}")


def test_a_route_without_a_token_says_how_to_get_one(client: TestClient) -> None:
    answer = client.get("/caller")
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")
    assert client.get("/caller", headers={"Authorization": "Basic eDp5"}).status_code == 401
    token = sign_token(KEY, CALLER, 60)
    answer = client.get("/caller", headers={"Authorization": f"Bearer {token}"})
    assert answer.json() == {"id": str(CALLER.id), "kind": "person"}


def test_the_feed_is_only_for_keys_of_its_scope(client: TestClient) -> None:
    def status(*scopes: str) -> int:
        token = sign_token(KEY, Caller(new_id(), "system", frozenset(scopes)), 60)
        answer = client.get("/for-feeds", headers={"Authorization": f"Bearer {token}"})
        return int(answer.status_code)

    assert (status("feed:read"), status("act"), status()) == (200, 403, 403)
