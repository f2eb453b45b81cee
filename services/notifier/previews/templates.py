"""The templates of which there are previews: each kind of e-mail, and each kind of notice."""

from dataclasses import dataclass
from types import MappingProxyType

from services.notifier.vocabulary import DIGEST_FREQUENCIES, DeliveryKind, Frequency, NoticeKind
from shared.problems import NOT_FOUND, Problem

CONFIRMATION = "confirmation"
WELCOME = "welcome"
WHAT_YOU_OWE = "what_you_owe"
ANNOUNCEMENT = "announcement"


@dataclass(frozen=True)
class Template:
    """One sort of e-mail."""

    name: str
    kind: DeliveryKind
    frequency: Frequency | None = None
    """Of a digest."""
    notice: NoticeKind | None = None
    """What an immediate e-mail tells."""
    subject: str = "the id of a request for a subscription"
    """What one may name to be shown."""


TEMPLATES = MappingProxyType(
    {
        each.name: each
        for each in (
            Template(CONFIRMATION, DeliveryKind.CONFIRMATION),
            Template(WELCOME, DeliveryKind.WELCOME, subject="the id of a person with a role"),
            *(
                Template(
                    f"{frequency}_digest",
                    DeliveryKind.DIGEST,
                    frequency,
                    subject="the id of a digest (`digest_id` of a delivery)",
                )
                for frequency in DIGEST_FREQUENCIES
            ),
            Template(
                WHAT_YOU_OWE,
                DeliveryKind.DIGEST,
                Frequency.DAILY,
                subject="the id of a person with a role",
            ),
            Template(ANNOUNCEMENT, DeliveryKind.ANNOUNCEMENT, subject="the id of an announcement"),
            *(
                Template(
                    kind, DeliveryKind.IMMEDIATE, notice=kind, subject="the id of such a notice"
                )
                for kind in NoticeKind
            ),
        )
    }
)
"""By name, in the order that they are listed."""


def find(name: str) -> Template:
    """Return the template; raise ``Problem`` (404) when there is none of this name."""
    template = TEMPLATES.get(name)
    if template is None:
        raise Problem(
            NOT_FOUND, "There is no template with this name. GET /previews lists what there is."
        )
    return template
