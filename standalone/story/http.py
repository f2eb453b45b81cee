"""Speaking to the services like any client, and waiting for what arrives by itself."""

import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

import httpx

from shared.ids import new_id
from standalone.installation import Installation

ResultT = TypeVar("ResultT")
PATIENCE_SECONDS = 20.0

_CODE = re.compile(r"^\s*(\d{6})\s*$", re.MULTILINE)
_CONFIRM = re.compile(r"https?://\S+/confirm\?token=(\S+)")


class StoryError(Exception):
    """Something is not as the story tells; says what."""


@dataclass(frozen=True)
class Mail:
    """A caught e-mail."""

    id: int
    to: str
    subject: str
    kind: str
    text: str

    def says(self, words: str) -> bool:
        """Whether its text holds the words, however its lines are broken."""
        return words in " ".join(self.text.split())


class Services:
    """The public HTTP APIs of an installation, and its mail catcher."""

    def __init__(self, installation: Installation) -> None:
        self.registry = installation.registry_url
        self.workgroups = installation.workgroups_url
        self.notifier = installation.notifier_url
        self.mail = installation.mail_url
        self._http = httpx.Client(timeout=30)

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def get(self, url: str, token: str | None = None, **query: str) -> dict[str, Any]:
        """GET an object; `StoryError` with the problem's words when it is refused."""
        return self._done(self._http.get(url, params=query, headers=_bearer(token)))

    def post(
        self,
        url: str,
        body: dict[str, Any] | None = None,
        token: str | None = None,
        version: int | None = None,
    ) -> dict[str, Any]:
        """POST a body with an Idempotency-Key, on a version where one is edited."""
        headers = {**_bearer(token), "Idempotency-Key": str(new_id()), **_if_match(version)}
        return self._done(self._http.post(url, json=body or {}, headers=headers))

    def patch(self, url: str, body: dict[str, Any], token: str, version: int) -> dict[str, Any]:
        """PATCH a version of an object."""
        headers = {**_bearer(token), **_if_match(version)}
        return self._done(self._http.patch(url, json=body, headers=headers))

    def figure(self, service: str, name: str) -> float:
        """Return the sum of a metric of a service over its labels."""
        answer = self._http.get(f"{service}/metrics")
        lines = [line for line in answer.text.splitlines() if line.startswith(f"southlink_{name}")]
        return sum(float(line.rsplit(" ", 1)[1]) for line in lines)

    def mails(self, after: int = 0, **query: str) -> list[Mail]:
        """Return the caught e-mails, in the order of their arrival."""
        found = self.get(f"{self.mail}/api/messages", after=str(after), **query)["items"]
        return [
            Mail(item["id"], ", ".join(item["to"]), item["subject"], item["kind"], self._text(item))
            for item in found
        ]

    def wait_for_mail(self, to: str, kind: str, after: int = 0) -> Mail:
        """Return the next e-mail of a kind to an address."""
        return eventually(
            lambda: next(iter(self.mails(after, to=to, kind=kind, wait="5")), None),
            f"an e-mail of the kind {kind} reaches its reader",
        )

    def original(self, mail: Mail, form: str) -> bytes:
        """Return an e-mail as ``eml``, ``html`` or ``txt``."""
        answer = self._http.get(f"{self.mail}/api/messages/{mail.id}.{form}")
        return answer.raise_for_status().content

    def _text(self, item: dict[str, Any]) -> str:
        return self._http.get(f"{self.mail}/api/messages/{item['id']}.txt").text

    def _done(self, answer: httpx.Response) -> dict[str, Any]:
        if answer.is_error:
            raise StoryError(
                f"{answer.request.method} {answer.request.url} was answered with "
                f"{answer.status_code}: {answer.text}"
            )
        body: dict[str, Any] = answer.json()
        return body


def eventually(look: Callable[[], ResultT | None], what: str) -> ResultT:
    """Return the first result of ``look``; `StoryError` with ``what`` when none comes in time.

    A refusal counts as "not yet": what it refers to may still be on its way as an event.
    """
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        refused = ""
        try:
            if (found := look()) is not None:
                return found
        except StoryError as error:
            refused = f" The last answer: {error}"
        if time.monotonic() > deadline:
            raise StoryError(f"Waited {PATIENCE_SECONDS:.0f} s in vain until {what}.{refused}")
        time.sleep(0.05)


def code_in(mail: Mail) -> str:
    """Return the sign-in code of an e-mail."""
    match = _CODE.search(mail.text)
    if match is None:
        raise StoryError(f"The e-mail “{mail.subject}” holds no code.")
    return match[1]


def confirmation_token_in(mail: Mail) -> str:
    """Return the token of the confirmation link in an e-mail."""
    match = _CONFIRM.search(mail.text)
    if match is None:
        raise StoryError(f"The e-mail “{mail.subject}” holds no confirmation link.")
    return match[1]


def _bearer(token: str | None) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"} if token else {}


def _if_match(version: int | None) -> dict[str, str]:
    return {} if version is None else {"If-Match": f'"{version}"'}
