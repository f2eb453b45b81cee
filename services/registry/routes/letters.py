"""Letters that leave once the request is committed, without making anybody wait."""

from collections.abc import Iterable
from functools import partial
from typing import Annotated

from fastapi import Depends, Request
from sqlmodel import Session

from services.registry import outgoing_letters
from services.registry.code_mail import Postman
from services.registry.letters import Letter
from services.registry.outgoing_letters import Mailroom
from services.registry.tables import OutgoingLetter, Person
from shared.columns import utc_now
from shared.database import after_commit


class Letters:
    """Sends the letters of the one request it belongs to."""

    def __init__(self, request: Request) -> None:
        self._postman: Postman = request.app.state.postman
        self._room = Mailroom.of(request.app.state.settings)
        self._engine = request.app.state.database.engine

    def send(self, session: Session, letters: Iterable[OutgoingLetter]) -> None:
        """Send letters that must not be lost: what isn't sent now, the calendar sends later."""
        for letter in letters:
            after_commit(session, partial(self._hand_over, letter))

    def send_code(self, session: Session, letter: Letter) -> None:
        """Send a code, whose loss costs its reader a new request."""
        after_commit(session, partial(self._postman.post, letter))

    def send_farewell(self, session: Session, person: Person) -> None:
        """Tell a person who is about to be erased that it is done (GDPR, article 12.3).

        It is written before, and tried once: to keep it for later would keep the address.
        """
        if person.confirmed_at is not None:
            farewell = Letter("erased", person.email, person.language, {})
            after_commit(session, partial(self._postman.post, farewell))

    def _hand_over(self, letter: OutgoingLetter) -> None:
        self._postman.submit(
            partial(outgoing_letters.deliver, self._engine, self._room, letter.id, utc_now())
        )


LettersByMail = Annotated[Letters, Depends(Letters)]
