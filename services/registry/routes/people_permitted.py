"""What a route's signature asks for: an institution whose people the caller may see or change."""

from typing import Annotated, Any

from fastapi import Depends

from services.registry.permissions import PeopleTask, institution_of_people
from services.registry.routes.permitted import InstitutionId
from services.registry.tables import Institution
from shared.web import CurrentCaller, Reading, Writing


def _allowed_to(task: PeopleTask) -> Any:
    def find(institution_id: InstitutionId, caller: CurrentCaller, session: Writing) -> Institution:
        return institution_of_people(session, caller, task, institution_id)

    return Depends(find)


def _seen(institution_id: InstitutionId, caller: CurrentCaller, session: Reading) -> Institution:
    return institution_of_people(session, caller, PeopleTask.SEE, institution_id, lock=False)


InstitutionWithPeople = Annotated[Institution, Depends(_seen)]
InstitutionToInviteTo = Annotated[Institution, _allowed_to(PeopleTask.INVITE)]
InstitutionToChangeRolesIn = Annotated[Institution, _allowed_to(PeopleTask.CHANGE_ROLES)]
InstitutionToHandOver = Annotated[Institution, _allowed_to(PeopleTask.HAND_OVER)]
