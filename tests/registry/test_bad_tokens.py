"""A token that is missing, forged or expired opens nothing."""

import time
from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest
from joserfc import jwt
from joserfc.jwk import OctKey, OKPKey

from services.registry.signing_key import SigningKeys
from shared.identity import Caller, sign_token
from tests.registry.stage import Stage, assert_refused


def forged(stage: Stage, how: str) -> str:
    """Return a token that must not be believed."""
    keys: SigningKeys = stage.registry.app.state.signing_keys
    caller = Caller(id=UUID(stage.coordinator.id), scopes=frozenset({"act"}))
    good = sign_token(keys.signer, caller, 600)
    claims = {
        "iss": "southlink-registry",
        "aud": "southlink",
        "sub": stage.coordinator.id,
        "kind": "person",
        "scope": "act",
        "exp": int(time.time()) + 600,
    }
    header = {"alg": "Ed25519", "typ": "at+jwt", "kid": keys.signer.kid}
    changed_signature = "B" if good.rpartition(".")[2][0] == "A" else "A"
    public = str(keys.published.keys[0].as_dict(private=False)["x"])

    def encoded(header_: dict[str, Any], claims_: dict[str, Any]) -> str:
        return jwt.encode(header_, claims_, keys.signer, algorithms=["Ed25519"])

    tokens: dict[str, Callable[[], str]] = {
        "expired": lambda: sign_token(keys.signer, caller, -60),
        "another key": lambda: sign_token(
            OKPKey.generate_key("Ed25519", {"kid": str(keys.signer.kid)}), caller, 600
        ),
        "an unknown key": lambda: sign_token(
            OKPKey.generate_key("Ed25519", auto_kid=True), caller, 600
        ),
        "the public key as a password": lambda: jwt.encode(
            {**header, "alg": "HS256"}, claims, OctKey.import_key(public), algorithms=["HS256"]
        ),
        "no signature": lambda: good.rpartition(".")[0] + ".",
        "another signature": lambda: (
            f"{good.rpartition('.')[0]}.{changed_signature}{good.rpartition('.')[2][1:]}"
        ),
        "another audience": lambda: encoded(header, {**claims, "aud": "elsewhere"}),
        "no end": lambda: encoded(
            header, {name: value for name, value in claims.items() if name != "exp"}
        ),
        "another type": lambda: encoded({**header, "typ": "JWT"}, claims),
        "a session key": lambda: stage.coordinator.session_key,
        "garbage": lambda: "not.a.token",
    }
    return tokens[how]()


@pytest.mark.parametrize(
    "how",
    [
        "expired",
        "another key",
        "an unknown key",
        "the public key as a password",
        "no signature",
        "another signature",
        "another audience",
        "no end",
        "another type",
        "a session key",
        "garbage",
    ],
)
@pytest.mark.parametrize(
    ("method", "template"), [("POST", "/institutions/{own}/verify"), ("GET", "/institutions")]
)
def test_a_token_that_is_not_ours_is_refused(
    stage: Stage, how: str, method: str, template: str
) -> None:
    headers = {"Authorization": f"Bearer {forged(stage, how)}", "If-Match": '"2"'}
    body = {"json": {"evidence": "Seen."}} if method == "POST" else {}

    assert_refused(
        stage,
        lambda: stage.send(method, stage.path(template), headers=headers, **body),
        401,
        "unauthenticated",
    )


@pytest.mark.parametrize("authorization", [None, "Basic YW5hOmFuYQ==", "Bearer", "Bearer ", ""])
@pytest.mark.parametrize(
    ("method", "template"),
    [
        ("PATCH", "/institutions/{own}"),
        ("POST", "/institutions/{own}/verify"),
        ("GET", "/institutions/{own}/history"),
        ("GET", "/me"),
        ("POST", "/api-keys"),
        ("GET", "/api-keys"),
        ("DELETE", "/api-keys/{key}"),
        ("POST", "/tokens"),
        ("DELETE", "/sessions/current"),
        ("GET", "/feed"),
    ],
)
def test_without_a_token_nothing_is_done(
    stage: Stage, method: str, template: str, authorization: str | None
) -> None:
    headers = {"Authorization": authorization} if authorization is not None else {}

    response = stage.send(method, stage.path(template), headers=headers)

    assert response.headers["www-authenticate"].startswith("Bearer")
    assert_refused(
        stage,
        lambda: stage.send(method, stage.path(template), headers=headers),
        401,
        "unauthenticated",
    )
