"""A trace as an indented text: what leads to what, each thing once."""

from collections.abc import Iterator, Sequence
from textwrap import shorten

from services.workgroups.trace import BOUNDS, SHARED, Trace
from services.workgroups.trace_nodes import Node, Result
from services.workgroups.trace_sight import Kind, Ref

WIDTH = 100
"""Characters of a title that are shown."""

NAMES = {kind: kind.value.replace("_", " ").capitalize() for kind in Kind}


def outline(trace: Trace, nodes: Sequence[Node]) -> Iterator[str]:
    """Yield the lines of a trace, from what was raised down to what came of it.

    A trace that begins at what many stories share begins there; ``nodes`` are in their order.
    """
    by_ref = {node.ref: node for node in nodes}
    beside: dict[Ref, list[Ref]] = {node.ref: [] for node in nodes}
    for link in trace.links:
        beside[link.source].append(link.target)
        beside[link.target].append(link.source)
    place = {node.ref: number for number, node in enumerate(nodes)}
    own = [node.ref for node in nodes if node.ref.kind not in SHARED]
    first = [trace.start] if trace.start.kind in SHARED else own[:1]
    told: set[Ref] = set()
    waiting = [(ref, 0) for ref in reversed([*first, *by_ref])]
    while waiting:
        ref, depth = waiting.pop()
        if ref in told:
            continue
        told.add(ref)
        yield from _lines(by_ref[ref], depth, asked=ref == trace.start)
        if ref.kind in SHARED and ref != trace.start:
            continue
        below = sorted(set(beside[ref]), key=place.__getitem__, reverse=True)
        waiting += [(each, depth + 1) for each in below]
    if trace.hidden:
        yield f"({trace.hidden:,} more beside these, which you don't see)"
    if not trace.complete:
        yield BOUNDS


def _lines(node: Node, depth: int, *, asked: bool) -> Iterator[str]:
    indent = "  " * depth
    # An agreed point has "point" in its reference too.
    reference = (node.reference or "").removeprefix("point ")
    said = [f"{NAMES[node.ref.kind]} {reference}".rstrip() + ":"]
    said.append(shorten(node.title or "withdrawn", WIDTH, placeholder=" …"))
    said.append(f"[{node.status}{', overdue' if node.overdue else ''}]")
    if node.institution_id:
        said.append(node.institution.short)
    if node.on:
        due = "due " if node.ref.kind is Kind.ACTION_ITEM else ""
        said.append(f"{due}{node.on.isoformat()}")
    if asked:
        said.append(" <-- asked for")
    yield indent + " ".join(said)
    for result in node.results:
        yield f"{indent}  = {_came_of_it(result)}"


def _came_of_it(result: Result) -> str:
    parts = [shorten(result.text, 2 * WIDTH, placeholder=" …")] if result.text else []
    if result.volume:
        unit = result.volume.currency or result.volume.unit
        parts.append(f"{result.volume.amount:,} {unit} delivered")
    elif result.institution_id:
        parts.append("delivered")
    if result.institution_id:
        parts.append(f"by {result.institution.short}")
    parts += result.links
    if result.on:
        parts.append(f"({result.on.isoformat()})")
    return " ".join(parts)
