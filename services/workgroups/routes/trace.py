"""The trace: from what an institution raised to what came of it, both ways."""

import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path
from pydantic import Field

from services.workgroups import trace
from services.workgroups.trace_links import Relation
from services.workgroups.trace_nodes import Node, Result, nodes_of
from services.workgroups.trace_sight import Kind, Ref, Sight
from shared.columns import utc_now
from shared.problems import INVALID, NOT_FOUND, UNAUTHENTICATED, responses
from shared.text import Output
from shared.web import MaybeCaller, Reading

router = APIRouter(tags=["action items"])


class RefOut(Output):
    """One end of a link."""

    kind: Kind
    id: UUID


class LinkOut(Output):
    """How one thing leads to another."""

    source: RefOut
    target: RefOut
    relation: Relation


class VolumeOut(Output):
    """How much was delivered."""

    amount: int = Field(examples=[40])
    unit: str = Field(description="A code of volume-units.", examples=["people"])
    currency: str | None = Field(description="ISO 4217, with the unit money.")


class InstitutionRefOut(Output):
    """An institution."""

    id: UUID
    name: str | None = Field(examples=["United Nations Volunteers"])
    acronym: str | None = Field(examples=["UNV"])


class ResultOut(Output):
    """What came of something."""

    text: str | None = Field(examples=["The list of 140 courses is online."])
    links: list[str]
    date: datetime.date | None
    volume: VolumeOut | None = Field(description="What was delivered for a need.")
    institution: InstitutionRefOut | None = Field(description="Who delivered it.")


class GroupRefOut(Output):
    """A group."""

    id: UUID
    slug: str = Field(examples=["digital-transformation"])
    title: str = Field(examples=["Digital transformation follow-up group"])


class NodeOut(Output):
    """One thing of a trace."""

    kind: Kind
    id: UUID
    title: str | None = Field(description="Null: it was withdrawn.")
    reference: str | None = Field(
        description="Its number in its group or meeting; of an update its kind.",
        examples=["digital-transformation #3"],
    )
    status: str = Field(
        description="Its state; of an agreed point how far it has come.", examples=["in_progress"]
    )
    date: datetime.date | None = Field(
        description="When it was posted, held or recorded; of an action item its due date."
    )
    overdue: bool
    institution: InstitutionRefOut | None = Field(
        description="Who raised it, answers for it or called it."
    )
    groups: list[GroupRefOut] = Field(description="Those of its groups that you see.")
    results: list[ResultOut] = Field(
        description="What came of it. What was delivered for a need is shown to both sides' people "
        "and to coordinators."
    )
    path: str = Field(
        description="Where to read it: a need or an offer at the registry, all else here.",
        examples=["/action-items/018f4e2a-…"],
    )


class TraceOut(Output):
    """What hangs together, as far as you see it."""

    nodes: list[NodeOut] = Field(
        description="What was raised, where it was spoken of, what was agreed, who does it, what "
        "was offered; of each kind the earliest first."
    )
    links: list[LinkOut] = Field(description="How the nodes lead to each other.")
    hidden: int = Field(
        description="How many more are right beside these that you don't see; what is behind "
        "those is not counted."
    )
    complete: bool = Field(description="Whether it is all of it that you see.")
    bounds: str | None = Field(
        description="At which bounds it was cut; null where it is complete.", examples=[None]
    )


@router.get(
    "/trace/{kind}/{thing_id}",
    summary="Trace what came of what was raised",
    responses=responses(UNAUTHENTICATED, NOT_FOUND, INVALID),
)
def read_trace(
    kind: Annotated[Kind, Path(description="What to begin with.")],
    thing_id: Annotated[UUID, Path(description="Its id; of a need or offer, the registry's.")],
    caller: MaybeCaller,
    session: Reading,
) -> TraceOut:
    """Return all that leads to a thing and all that it led to, whatever you begin with.

    A need or a challenge leads to the point that a meeting agreed, that to action items and their
    parts, those to results. A meeting and an offer belong to many such stories: the trace goes on
    through them only when it begins there.
    """
    seen = Sight.of(session, caller)
    found = trace.walk(session, seen, Ref(kind, thing_id))
    return shown(found, nodes_of(session, seen, found, utc_now()))


def shown(found: trace.Trace, nodes: list[Node]) -> TraceOut:
    """Return a trace as it is answered."""
    return TraceOut(
        nodes=[
            NodeOut(
                kind=node.ref.kind,
                id=node.ref.id,
                title=node.title,
                reference=node.reference,
                status=node.status,
                date=node.on,
                overdue=node.overdue,
                institution=_institution(node),
                groups=[GroupRefOut.model_validate(group) for group in node.groups],
                results=[
                    ResultOut(
                        text=result.text,
                        links=list(result.links),
                        date=result.on,
                        volume=VolumeOut.model_validate(result.volume) if result.volume else None,
                        institution=_institution(result),
                    )
                    for result in node.results
                ],
                path=node.path,
            )
            for node in nodes
        ],
        links=[
            LinkOut(
                source=RefOut.model_validate(link.source),
                target=RefOut.model_validate(link.target),
                relation=link.relation,
            )
            for link in found.links
        ],
        hidden=found.hidden,
        complete=found.complete,
        bounds=None if found.complete else trace.BOUNDS,
    )


def _institution(of: Node | Result) -> InstitutionRefOut | None:
    if of.institution_id is None:
        return None
    return InstitutionRefOut(
        id=of.institution_id, name=of.institution.name, acronym=of.institution.acronym
    )
