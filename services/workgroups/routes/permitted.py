"""What a route's signature asks for: a caller in a role, an object that is there."""

from typing import Annotated
from uuid import UUID

from fastapi import Depends, Path

from services.workgroups import action_item_permissions, groups, permissions, sight
from services.workgroups.group_lifecycle import Actor
from services.workgroups.tables import ActionItem, Group
from services.workgroups.transitions import Role
from shared.identity import Caller
from shared.web import CurrentCaller, MaybeCaller, Reading, Writing

GroupId = Annotated[UUID, Path(description="The group's id.")]
InstitutionId = Annotated[UUID, Path(description="The institution's id, as in the registry.")]
UpdateId = Annotated[UUID, Path(description="The update's id.")]
MeetingId = Annotated[UUID, Path(description="The meeting's id.")]
ActionItemId = Annotated[UUID, Path(description="The action item's id.")]
ThemeSlug = Annotated[str, Path(description="The theme's slug.", examples=["entrepreneurship"])]


def _coordinator(caller: CurrentCaller, session: Writing) -> Caller:
    permissions.require_coordinator(session, caller)
    return caller


def _visible_group(group_id: GroupId, caller: MaybeCaller, session: Reading) -> Group:
    return sight.group_to_see(session, caller, group_id)


def _group_to_lead(
    group_id: GroupId, caller: CurrentCaller, session: Writing
) -> tuple[Group, Actor]:
    return sight.group_to_lead(session, caller, group_id)


def _group_to_confirm(group_id: GroupId, caller: CurrentCaller, session: Writing) -> UUID:
    sight.require_in_sight(session, caller, group_id, groups.no_such_group())
    permissions.require_steering(session, caller, group_id)
    return group_id


def _action_item(
    action_item_id: ActionItemId, caller: CurrentCaller, session: Writing
) -> tuple[ActionItem, frozenset[Role]]:
    return action_item_permissions.action_item_to_change(session, caller, action_item_id)


def _visible_action_item(
    action_item_id: ActionItemId, caller: MaybeCaller, session: Reading
) -> ActionItem:
    return action_item_permissions.action_item_to_see(session, caller, action_item_id)


Coordinator = Annotated[Caller, Depends(_coordinator)]
"""A coordinator who writes; 401 or 403 otherwise."""

VisibleGroup = Annotated[Group, Depends(_visible_group)]
"""A group that the caller sees, to read from; 404 otherwise."""

GroupToLead = Annotated[tuple[Group, Actor], Depends(_group_to_lead)]
"""A group that the caller leads, with their roles, to write to; 404 or 403 otherwise."""

GroupToConfirm = Annotated[UUID, Depends(_group_to_confirm)]
"""The id of a group on whose members the caller decides; 404 or 403 otherwise."""

VisibleActionItem = Annotated[ActionItem, Depends(_visible_action_item)]
"""An action item of a group that the caller sees, to read from; 404 otherwise."""

ActionItemToChange = Annotated[tuple[ActionItem, frozenset[Role]], Depends(_action_item)]
"""An action item, with the roles in which the caller may change it; 404 without any."""
