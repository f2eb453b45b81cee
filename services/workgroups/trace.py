"""The trace: what an institution raised, what was agreed, who does it, and what came of it.

It is walked both ways from any place: along everything that leads to it, and all that it led to.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlmodel import Session

from services.workgroups import meetings
from services.workgroups.action_item_permissions import no_such_item
from services.workgroups.agreed_point_permissions import no_such_point
from services.workgroups.trace_links import Link, links_at
from services.workgroups.trace_sight import Kind, Ref, Row, Sight, read
from services.workgroups.update_permissions import no_such_update
from shared.problems import NOT_FOUND, Problem

MOST = 200
"""Things in a trace at most."""
FARTHEST = 20
"""Links between the place where a trace begins and its farthest end, at most."""
MOST_LINKS = 1_000
"""Links of one kind that are followed at once, at most."""

BOUNDS = (
    f"A trace holds at most {MOST} things, at most {FARTHEST} links away from where it begins. "
    "Begin closer to what you look for."
)

SHARED = frozenset({Kind.MEETING, Kind.OFFER})
"""What many stories have in common: it is shown, and the walk goes on through it only when it
begins there. Else one popular offer would make a single story of everything."""


@dataclass(frozen=True)
class Trace:
    """What hangs together with a thing, as far as somebody sees it."""

    start: Ref
    rows: Mapping[Ref, Row]
    links: Sequence[Link]
    hidden: int
    """How many things beside it are there that aren't seen; what is behind them is not looked at.
    """
    complete: bool
    """Whether it is all of it, or was cut at the bounds."""


def walk(session: Session, seen: Sight, start: Ref) -> Trace:
    """Return the trace through a thing; a Problem (404) when it isn't there to be seen.

    The number of questions grows with how far it goes, not with how much is there.
    """
    rows: dict[Ref, Row] = dict(read(session, seen, [start]).rows)
    if not rows:
        raise _no_such(start.kind)
    links: set[Link] = set()
    hidden: set[Ref] = set()
    complete = True
    edge = {start}
    for _step in range(FARTHEST):
        at_edge = links_at(session, seen, edge, MOST_LINKS)
        complete = complete and at_edge.complete
        links |= set(at_edge.found)
        ends = {end for link in at_edge.found for end in (link.source, link.target)}
        reached = read(session, seen, ends - rows.keys() - hidden)
        hidden |= set(reached.hidden)
        # In the order of their ids, so that the same question is cut at the same place.
        new = sorted(reached.rows)[: MOST - len(rows)]
        complete = complete and len(new) == len(reached.rows)
        rows |= {ref: reached.rows[ref] for ref in new}
        edge = {ref for ref in new if ref.kind not in SHARED}
        if not edge:
            break
    else:
        complete = False
    return Trace(
        start=start,
        rows=rows,
        links=sorted(link for link in links if link.source in rows and link.target in rows),
        hidden=len(hidden),
        complete=complete,
    )


def _no_such(kind: Kind) -> Problem:
    known = {
        Kind.UPDATE: no_such_update,
        Kind.MEETING: meetings.no_such_meeting,
        Kind.AGREED_POINT: no_such_point,
        Kind.ACTION_ITEM: no_such_item,
    }
    if kind in known:
        return known[kind]()
    return Problem(
        NOT_FOUND,
        f"There is no {kind} of that id that you may see. A new one is known here after a moment.",
    )
