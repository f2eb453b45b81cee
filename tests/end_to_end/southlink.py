"""The command ``southlink`` as a person runs it, and the stack that it keeps up."""

import html
import json
import os
import re
import signal
import subprocess
import sys
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path

import psutil

from standalone.installation import Installation, Ports
from standalone.story.http import Services
from standalone.story.registration import coordinator_token
from tests.waiting import wait_until

STARTED = "Ctrl-C stops everything."
"""The last words of ``southlink up`` once everything runs."""


class Up:
    """A running ``southlink up``."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._terminal = folder.with_name(f"{folder.name}-terminal.txt")
        with self._terminal.open("wb") as terminal:
            self.process = subprocess.Popen(
                _command("up", "--data", str(folder)),
                stdout=terminal,
                stderr=subprocess.STDOUT,
                stdin=subprocess.DEVNULL,
                env=environment(),
            )
        try:
            wait_until(self._up_or_ended, "southlink is up", 120)
            assert self.process.poll() is None, self.output
        except AssertionError:
            self.interrupt()
            raise
        ports = Ports(**json.loads((folder / "ports.json").read_text()))
        self.installation = Installation(folder, ports)
        self.services = Services(self.installation)

    @property
    def output(self) -> str:
        """What it wrote to the terminal until now."""
        return self._terminal.read_text(encoding="utf-8")

    def processes(self) -> dict[str, psutil.Process]:
        """Return the running processes of the stack by name."""
        noted = json.loads((self.folder / "processes.json").read_text())
        found = {}
        for entry in noted:
            try:
                process = psutil.Process(entry["pid"])
                if process.status() != psutil.STATUS_ZOMBIE:
                    found[entry["name"]] = process
            except psutil.NoSuchProcess:
                continue
        return found

    def parsed(self, **query: str) -> list[EmailMessage]:
        """Return the caught e-mails as Python's MIME parser reads them."""
        found = []
        for mail in self.services.mails(0, **query):
            message = message_from_bytes(self.services.original(mail, "eml"), policy=policy.default)
            assert isinstance(message, EmailMessage)
            found.append(message)
        return found

    def coordinator(self) -> str:
        """Return an access token of the coordinator."""
        return coordinator_token(self.services)

    def interrupt(self) -> int:
        """Press Ctrl-C; return the exit status."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
        return self.process.wait(60)

    def _up_or_ended(self) -> bool:
        return STARTED in self.output or self.process.poll() is not None


def southlink(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a command of southlink to its end."""
    return subprocess.run(
        _command(*arguments),
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
        env=environment(),
    )


def environment() -> dict[str, str]:
    """Return this process's environment, without colours."""
    return os.environ | {"NO_COLOR": "1", "COLUMNS": "120"}


def text_of(mail: EmailMessage, subtype: str = "plain") -> str:
    """Return the words of an e-mail's ``plain`` or ``html`` part on one line."""
    part = mail.get_body((subtype,))
    assert isinstance(part, EmailMessage), f"“{mail['Subject']}” has no {subtype} part."
    text = str(part.get_content())
    if subtype == "html":
        text = html.unescape(re.sub(r"<[^>]+>", " ", text))
    return " ".join(text.split())


def _command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "standalone.cli", *arguments]
