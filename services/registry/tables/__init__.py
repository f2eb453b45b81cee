"""The tables of the registry, with what must always hold as constraints; a module per subject."""

from services.registry.tables.access import ApiKey, OwnCode, SignedInSession, SignIn
from services.registry.tables.base import Table
from services.registry.tables.duplicates import DuplicateDecision, InstitutionNameKey
from services.registry.tables.events import (
    IdempotencyRecord,
    Outbox,
    RelayState,
    StreamRedaction,
)
from services.registry.tables.flags import FlagLifting, InstitutionFlag
from services.registry.tables.imports import Import, ImportKey, ImportRow, InstitutionReference
from services.registry.tables.institutions import (
    HistoryEntry,
    Institution,
    InstitutionCode,
    InstitutionDomain,
    InstitutionIdentifier,
    InstitutionName,
    InstitutionRelation,
)
from services.registry.tables.introductions import Introduction, IntroductionHistoryEntry
from services.registry.tables.logos import InstitutionLogo
from services.registry.tables.merging import Merge
from services.registry.tables.people import (
    Coordinator,
    FocalPoint,
    Invitation,
    OutgoingLetter,
    Person,
    RoleChange,
)
from services.registry.tables.search import SearchEntry
from services.registry.tables.support import (
    SupportCode,
    SupportHistoryEntry,
    SupportItem,
    SupportMatch,
)
from services.registry.tables.verifications import (
    Verification,
    VerificationCheck,
    VerificationNotice,
)

__all__ = [
    "ApiKey",
    "Coordinator",
    "DuplicateDecision",
    "FlagLifting",
    "FocalPoint",
    "HistoryEntry",
    "IdempotencyRecord",
    "Import",
    "ImportKey",
    "ImportRow",
    "Institution",
    "InstitutionCode",
    "InstitutionDomain",
    "InstitutionFlag",
    "InstitutionIdentifier",
    "InstitutionLogo",
    "InstitutionName",
    "InstitutionNameKey",
    "InstitutionReference",
    "InstitutionRelation",
    "Introduction",
    "IntroductionHistoryEntry",
    "Invitation",
    "Merge",
    "Outbox",
    "OutgoingLetter",
    "OwnCode",
    "Person",
    "RelayState",
    "RoleChange",
    "SearchEntry",
    "SignIn",
    "SignedInSession",
    "StreamRedaction",
    "SupportCode",
    "SupportHistoryEntry",
    "SupportItem",
    "SupportMatch",
    "Table",
    "Verification",
    "VerificationCheck",
    "VerificationNotice",
]
