"""What the story makes up: who joins which group, what they post, who reads it and when."""

from dataclasses import dataclass
from typing import Literal

Kind = Literal["initiative", "opportunity", "challenge"]
TargetKind = Literal["everything", "theme", "group", "institution", "update_kind"]


@dataclass(frozen=True)
class Post:
    """An update of a member institution."""

    institution: str
    kind: Kind
    title: str
    text: str


@dataclass(frozen=True)
class Action:
    """An action item; ``due_in_days`` counts from today, negative when it is overdue."""

    institution: str
    title: str
    agreed_point: int
    due_in_days: int


@dataclass(frozen=True)
class GroupScript:
    """A group under a theme: what it is for, who joins, what they say and promise."""

    theme: str
    title: str
    purpose: str
    members: tuple[str, ...]
    posts: tuple[Post, ...]
    actions: tuple[Action, ...]


@dataclass(frozen=True)
class Wish:
    """What a reader asks to be told of; ``target`` is a slug, an acronym or a kind."""

    kind: TargetKind
    target: str | None
    frequency: Literal["immediate", "daily", "weekly"]


@dataclass(frozen=True)
class Reader:
    """A stakeholder with an e-mail address."""

    name: str
    time_zone: str
    wishes: tuple[Wish, ...]
    confirms: bool = True

    @property
    def address(self) -> str:
        """The made-up address."""
        return f"{self.name}@readers.example.org"


@dataclass(frozen=True)
class Support:
    """What an institution needs or offers: an example, not a thing that it said."""

    institution: str
    title: str
    text: str
    kind: Literal["training", "funding", "expertise"]
    themes: tuple[str, ...]
    sdgs: tuple[str, ...] = ()
    languages: tuple[str, ...] = ()
    volume: dict[str, str | int] | None = None
    message: str = ""
    """What the recipient writes when it asks to be introduced."""


GROUPS = (
    GroupScript(
        theme="digital-transformation",
        title="Digital transformation",
        purpose="Share digital solutions among countries of the South, and match requests for "
        "training with those who can give it.",
        members=("COMSATS", "ISTIC", "UNCDF", "UNDP", "UNESCAP", "UNESCO", "UNOSSC"),
        posts=(
            Post(
                "UNESCAP",
                "initiative",
                "A shared catalogue of digital public services",
                "We collect solutions that already work in the region.\n\nSend us one that others "
                "may reuse, with a contact.",
            ),
            Post(
                "ISTIC",
                "opportunity",
                "Training seats on technology policy",
                "Twenty seats for officials of developing countries are open. Members may "
                "nominate candidates.",
            ),
            Post(
                "COMSATS",
                "challenge",
                "Rural schools without connectivity",
                "Partners ask for low-cost ways to connect schools. Who has done it and can show "
                "how?",
            ),
        ),
        actions=(
            Action("UNESCAP", "Publish the first ten entries of the catalogue", 4, 45),
            Action("UNDP", "List the digital requests that recipients made", 3, -7),
        ),
    ),
    GroupScript(
        theme="post-covid-19-recovery",
        title="Post COVID-19 recovery",
        purpose="Bring what helped one country recover to others that ask for it.",
        members=("CIRDAP", "FAO", "ILO", "PPD", "UNEP", "UNOSSC", "UNV", "WFP"),
        posts=(
            Post(
                "UNV",
                "initiative",
                "Online volunteers for health services",
                "Volunteers who speak the language of the country support health services from a "
                "distance.",
            ),
            Post(
                "UNOSSC",
                "opportunity",
                "Two trust funds take proposals",
                "The IBSA Fund and the India-UN Partnership Fund support projects that developing "
                "countries ask for.",
            ),
            Post(
                "WFP",
                "challenge",
                "School meals while schools are closed",
                "Countries ask how to reach children at home. We look for experience to share.",
            ),
        ),
        actions=(
            Action("PPD", "Collect the recipients' demands on health services", 3, 30),
            Action("UNOSSC", "Propose a session on recovery for the Expo in Thailand", 5, 60),
        ),
    ),
    GroupScript(
        theme="entrepreneurship",
        title="Entrepreneurship",
        purpose="Help small enterprises of the South to learn from one another.",
        members=("COMSATS", "ILO", "ISTIC", "UNCDF", "UNIDO", "UNOSSC"),
        posts=(
            Post(
                "UNIDO",
                "initiative",
                "A network of incubators across the South",
                "Incubators exchange mentors for a month at a time.",
            ),
            Post(
                "UNCDF",
                "opportunity",
                "Advice on finance for small enterprises",
                "We advise five countries on local finance this year. Requests are welcome.",
            ),
            Post(
                "ILO",
                "challenge",
                "Skills that young founders miss",
                "Members report that bookkeeping and sales are missed most. Who offers courses?",
            ),
        ),
        actions=(
            Action("UNIDO", "Name one incubator in each region", 4, 30),
            Action("ILO", "Draft input on skills for the High-Level Committee", 6, 90),
        ),
    ),
)

READERS = (
    Reader("amina", "Africa/Nairobi", (Wish("everything", None, "immediate"),)),
    Reader("beto", "America/Sao_Paulo", (Wish("update_kind", "challenge", "immediate"),)),
    Reader("chai", "Asia/Bangkok", (Wish("theme", "digital-transformation", "daily"),)),
    Reader("dilip", "Asia/Kathmandu", (Wish("institution", "UNV", "daily"),)),
    Reader(
        "elena",
        "Europe/Berlin",
        (
            Wish("theme", "entrepreneurship", "daily"),
            Wish("update_kind", "opportunity", "daily"),
        ),
    ),
    Reader("fetu", "Pacific/Apia", (Wish("group", "post-covid-19-recovery", "weekly"),)),
    Reader("gloria", "America/New_York", (Wish("everything", None, "weekly"),)),
    Reader("hana", "Asia/Tokyo", (Wish("everything", None, "daily"),), confirms=False),
)
"""Eight readers in eight time zones; the last never confirms, and must receive nothing."""

NEED = Support(
    "CIRDAP",
    "Training of rural officials in digital services",
    "An example of the demo: forty officials shall learn to run digital services in villages.",
    "training",
    themes=("digital-transformation",),
    sdgs=("9", "17"),
    languages=("en",),
    volume={"amount": 40, "unit": "people"},
    message="We heard of your training seats at the retreat. Could half of them be for villages?",
)

OFFERS = (
    Support(
        "ISTIC",
        "Courses in technology policy and digital services",
        "An example of the demo: twenty seats for officials of developing countries.",
        "training",
        themes=("digital-transformation", "entrepreneurship"),
        sdgs=("9", "17"),
        languages=("en",),
        volume={"amount": 20, "unit": "people"},
    ),
    Support(
        "UNOSSC",
        "Project funding by the India-UN Partnership Fund",
        "An example of the demo: projects that developing countries ask for can be proposed.",
        "funding",
        themes=("digital-transformation",),
    ),
    Support(
        "UNV",
        "Online volunteers who translate",
        "An example of the demo: volunteers translate for health services from a distance.",
        "expertise",
        themes=("post-covid-19-recovery",),
    ),
)
"""The first answers the need, the second could fund it, the third is about something else."""

TO_CORRECT = "ISTIC"
"""Registers under its acronym, is asked for its full name, and submits again."""

DUPLICATE_OF = "UNV"
"""Another department registers it a second time."""
