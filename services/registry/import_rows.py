"""What becomes of the rows of an import: decided one by one, then written together.

A dry run writes as well and takes it back, so that it meets whatever the import itself would meet.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, TypeVar

import structlog
from pydantic import BaseModel, ValidationError
from sqlalchemy.exc import OperationalError
from sqlmodel import Session, col, select

from services.registry import institutions
from services.registry.exchange_columns import faults_of
from services.registry.import_known import Known, Row, load
from services.registry.import_matching import match, warnings_of
from services.registry.institutions import Draft, Profile, ProfileChange
from services.registry.profiles import Document
from services.registry.tables import Import, Institution, InstitutionReference
from services.registry.transitions import Action, require_possible
from shared.faults import in_words
from shared.problems import INVALID, FieldError, Problem
from shared.row_files import Form

ModelT = TypeVar("ModelT", bound=BaseModel)
Outcome = Literal["create", "update", "unchanged", "refused"]

log = structlog.get_logger(__name__)


@dataclass
class Decision:
    """What a row does."""

    row: Row
    outcome: Outcome
    institution: Institution | None = None
    """The one that it is about."""
    draft: Draft | None = None
    """The new one that it makes."""
    change: ProfileChange | None = None
    changes: Mapping[str, list[Any]] | None = None
    link: bool = False
    """Whether its reference isn't known yet."""
    faults: Sequence[FieldError] = ()
    warnings: Sequence[Mapping[str, str]] = ()

    def refuse(self, faults: Sequence[FieldError]) -> None:
        """Let the row do nothing, for these reasons."""
        self.outcome, self.faults, self.warnings = "refused", faults, ()
        self.institution = self.draft = None


def settle(session: Session, job: Import, rows: Sequence[Row], now: datetime) -> list[Decision]:
    """Do what some rows of an import say, unless it is a dry run; return what each did."""
    known = load(session, job, rows)
    decisions = []
    for row in rows:
        decision = _decision(session, job, row, known, now)
        known.note(row, decision.institution.id if decision.institution else None)
        decisions.append(decision)
    _write_new(session, job, [each for each in decisions if each.draft], now)
    for decision in decisions:
        if decision.institution is not None and (decision.changes or decision.link):
            _write_alone(session, job, decision, now)
    return decisions


def _decision(
    session: Session,
    job: Import,
    row: Row,
    known: Known,
    now: datetime,
) -> Decision:
    decision = Decision(row, "refused")
    try:
        if row.given.faults:
            raise Problem(INVALID, "Some cells can't be read.", errors=row.given.faults)
        decision.institution = match(row, known)
        decision.link = row.given.reference not in {None, *known.by_reference}
        if decision.institution is None:
            _decide_new(session, job, decision, now)
            decision.warnings = warnings_of(row, known)
        else:
            document = known.profiles[decision.institution.id]
            _decide_known(session, job, decision, decision.institution, document)
    except Problem as problem:
        decision.refuse(_faults(problem))
    return decision


def _decide_new(session: Session, job: Import, decision: Decision, now: datetime) -> None:
    given = decision.row.given
    if given.status is not None:
        raise _status_fault("Leave the status of a new institution empty.")
    filled = {name: value for name, value in given.profile.items() if value is not None}
    decision.draft = institutions.drafted(
        session, _model(Profile, filled, job), now, by=job.imported_by
    )
    decision.outcome = "create"


def _decide_known(
    session: Session,
    job: Import,
    decision: Decision,
    institution: Institution,
    document: Document,
) -> None:
    given = decision.row.given
    if given.status not in {None, institution.status}:
        raise _status_fault(
            f"It is {institution.status} here, and an import can't change that. Leave it empty."
        )
    said = _completed(document, given.profile) if job.form == Form.CSV else given.profile
    decision.change = _model(ProfileChange, said, job)
    decision.changes = institutions.changes_of(
        session, institution, document, decision.change, job.imported_by
    )
    if decision.changes:
        require_possible(institution, Action.UPDATE)
    decision.outcome = "update" if decision.changes else "unchanged"


def _write_new(session: Session, job: Import, new: Sequence[Decision], now: datetime) -> None:
    if not new:
        return
    try:
        _attempt(session, job, lambda: _make(session, job, new, now))
    except OperationalError:
        raise
    except Exception:  # noqa: BLE001
        # One of them can't be stored; which one shows when each is tried by itself.
        for decision in new:
            _write_alone(session, job, decision, now)


def _write_alone(session: Session, job: Import, decision: Decision, now: datetime) -> None:
    def act() -> None:
        if decision.draft is not None:
            _make(session, job, [decision], now)
        else:
            _change(session, job, decision)

    try:
        _attempt(session, job, act)
    except OperationalError:
        raise
    except Problem as problem:
        decision.refuse(_faults(problem))
    except Exception as error:  # noqa: BLE001
        # A row that breaks us must not hold up the others for ever.
        log.error(
            "import_row_failed",
            import_id=str(job.id),
            line=decision.row.number,
            error=in_words(error),
        )
        detail = f"This row broke on our side ({type(error).__name__}). Tell us the import's id."
        decision.refuse([FieldError(pointer="", detail=detail)])


def _attempt(session: Session, job: Import, act: Callable[[], None]) -> None:
    with session.begin_nested() as attempt:
        act()
        session.flush()
        if job.dry_run:
            attempt.rollback()


def _make(session: Session, job: Import, new: Sequence[Decision], now: datetime) -> None:
    drafts = [
        (decision.draft, f"Imported from {job.file_name}, line {decision.row.number}.")
        for decision in new
        if decision.draft
    ]
    institutions.bring_in(session, drafts, by=job.imported_by, now=now)
    for decision in new:
        if decision.draft and decision.link:
            _link(session, decision, decision.draft.institution)


def _change(session: Session, job: Import, decision: Decision) -> None:
    assert decision.institution is not None  # noqa: S101
    if decision.changes and decision.change is not None:
        # Read again and held: somebody may have changed it since the batch was read.
        institution = session.exec(
            select(Institution)
            .where(col(Institution.id) == decision.institution.id)
            .with_for_update(key_share=True)
            .execution_options(populate_existing=True)
        ).one()
        institutions.update(session, institution, decision.change, job.imported_by)
    if decision.link:
        _link(session, decision, decision.institution)


def _link(session: Session, decision: Decision, institution: Institution) -> None:
    reference = decision.row.given.reference or ""
    session.add(InstitutionReference(reference=reference, institution_id=institution.id))


def _completed(document: Document, profile: Mapping[str, Any]) -> dict[str, Any]:
    """What a table leaves out: it can't empty a subtype, nor say where an identifier was read."""
    said = dict(profile)
    if said.get("organisation_type") not in {None, document["organisation_type"]}:
        said.setdefault("subtype", None)
    if "identifiers" in said:
        sources = {
            (each["scheme"], each["value"]): each["source"] for each in document["identifiers"]
        }
        said["identifiers"] = [
            {**each, "source": sources.get((each["scheme"], each["value"]))}
            for each in said["identifiers"]
        ]
    return said


def _model(model: type[ModelT], said: Mapping[str, Any], job: Import) -> ModelT:
    try:
        return model.model_validate(said)
    except ValidationError as error:
        faults = faults_of(error, Form(job.form))
        raise Problem(INVALID, "Some values don't fit.", errors=faults) from None


def _faults(problem: Problem) -> Sequence[FieldError]:
    return problem.errors or [FieldError(pointer="", detail=problem.detail)]


def _status_fault(detail: str) -> Problem:
    return Problem(INVALID, detail, errors=[FieldError(pointer="/status", detail=detail)])
