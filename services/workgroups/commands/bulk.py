"""Commands that take many action items or members from a file."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn
from uuid import UUID

import typer

from services.workgroups.commands.database import opened
from services.workgroups.commands.groups import group_of
from shared.terminal import WRONG, AsJson, give_up, show, show_json

if TYPE_CHECKING:
    from services.workgroups.bulk import Row
    from shared.problems import Problem

SOME_REFUSED = 3
"""Exit code of a dry run in which rows were refused."""

app = typer.Typer()
of_action_items = typer.Typer(help="The action items.", no_args_is_help=True)
of_members = typer.Typer(help="The members of groups.", no_args_is_help=True)
app.add_typer(of_action_items, name="action-items")
app.add_typer(of_members, name="members")

File = Annotated[
    Path, typer.Argument(help="The file, .csv or .jsonl, in UTF-8.", exists=True, dir_okay=False)
]
InGroup = Annotated[str, typer.Option("--group", help="The group's slug or its id.")]
By = Annotated[
    UUID, typer.Option(help="The id of who does it; southlink registry coordinators shows ids.")
]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Only show what each row would do.")]


@of_action_items.command("add")
def add_action_items(
    file: File, group: InGroup, by: By, dry_run: DryRun = False, as_json: AsJson = False
) -> None:
    """Assign what each row of a file says: all of it, or nothing when a row can't be taken.

    The columns are the fields of POST /groups/{group_id}/action-items. Exit code 3: a dry run in
    which rows were refused.
    """
    from services.workgroups import action_items_in_bulk

    def told(row: "Row[action_items_in_bulk.Assigned]") -> dict[str, Any]:
        made = row.what
        return {
            "number": made.number if made and not dry_run else None,
            "title": made.title if made else None,
            "institution_id": made.institution_id if made else None,
            "action_item_id": made.id if made and not dry_run else None,
        }

    rows = _taken(action_items_in_bulk.assign, file, group, by, dry_run=dry_run, as_json=as_json)
    columns = ("line", "outcome", "number", "title", "institution_id", "errors")
    _report(rows, told, columns, dry_run=dry_run, as_json=as_json)


@of_members.command("add")
def add_members(
    file: File, group: InGroup, by: By, dry_run: DryRun = False, as_json: AsJson = False
) -> None:
    """Make each institution of a file a member: all of them, or none when a row can't be taken.

    The file has one column, institution_id; members stay as they are. Exit code 3: a dry run in
    which rows were refused.
    """
    from services.workgroups import members_in_bulk

    rows = _taken(members_in_bulk.join, file, group, by, dry_run=dry_run, as_json=as_json)
    columns = ("line", "outcome", "institution_id", "errors")
    _report(
        rows, lambda row: {"institution_id": row.what}, columns, dry_run=dry_run, as_json=as_json
    )


def _taken(
    take: Callable[..., Any], file: Path, group: str, by: UUID, *, dry_run: bool, as_json: bool
) -> Any:
    from shared.identity import Caller
    from shared.problems import Problem
    from shared.row_files import Form

    form = next((form for form in Form if file.suffix.lower() == f".{form}"), None)
    if form is None:
        give_up("Name the file .csv or .jsonl, as it is written.")
    caller = Caller(by, scopes=frozenset({"act"}))
    with opened() as database, file.open("rb") as content:
        try:
            with database.write() as session:
                found = group_of(session, group)
                return take(session, caller, found.id, content, form, dry_run=dry_run)
        except Problem as problem:
            _refuse(problem, as_json=as_json)


def _refuse(problem: "Problem", *, as_json: bool) -> NoReturn:
    faults = [fault.model_dump() for fault in problem.errors]
    if as_json:
        show_json(problem.body().model_dump(exclude_none=True))
    elif faults:
        show("Nothing was done", ("pointer", "detail"), faults, as_json=False)
    give_up(problem.detail, WRONG)


def _report(
    rows: "Sequence[Row[Any]]",
    told: "Callable[[Row[Any]], Mapping[str, Any]]",
    columns: Sequence[str],
    *,
    dry_run: bool,
    as_json: bool,
) -> None:
    shown = [{"line": row.line, "outcome": row.outcome, **told(row)} for row in rows]
    faults = [[fault.model_dump() for fault in row.faults] for row in rows]
    refused = sum(1 for each in faults if each)
    if as_json:
        listed = [{**row, "errors": each} for row, each in zip(shown, faults, strict=True)]
        show_json({"dry_run": dry_run, "refused": refused, "rows": listed})
    else:
        texts = [
            {**row, "errors": "; ".join(f"{at['pointer']} {at['detail']}".strip() for at in each)}
            for row, each in zip(shown, faults, strict=True)
        ]
        would = " (a dry run: nothing was changed)" if dry_run else ""
        show(f"{len(rows):,} rows{would}", columns, texts, as_json=False)
    raise typer.Exit(SOME_REFUSED if refused else 0)
