"""A mail catcher in a process of its own."""

import subprocess
import sys
from pathlib import Path
from smtplib import SMTP

import httpx

from tests.redis_server import free_port
from tests.waiting import wait_until


class MailCatcher:
    """A catcher on a folder; it may be ended and started again."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.smtp_port = free_port()
        self.page_port = free_port()
        self.http = httpx.Client(base_url=f"http://127.0.0.1:{self.page_port}", timeout=10)
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it and wait until it takes e-mails and requests."""
        self._process = subprocess.Popen(
            [
                *(sys.executable, "-m", "standalone.mail_catcher", "--folder", str(self.folder)),
                *("--smtp-port", str(self.smtp_port), "--page-port", str(self.page_port)),
            ]
        )
        wait_until(self._answers, "the mail catcher answers", 30)

    def terminate(self) -> int:
        """Ask it to end; return its exit status."""
        assert self._process is not None
        self._process.terminate()
        status = self._process.wait(15)
        self._process = None
        return status

    def kill(self) -> None:
        """End it at once, as a crash would."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def smtp(self) -> SMTP:
        """Return a connection by which it takes e-mails."""
        return SMTP("127.0.0.1", self.smtp_port, timeout=10)

    def ids(self, **query: str | int) -> list[int]:
        """Return the ids of the e-mails that a search finds."""
        answer = self.http.get("/api/messages", params=query).raise_for_status()
        return [item["id"] for item in answer.json()["items"]]

    def _answers(self) -> bool:
        assert self._process is not None
        assert self._process.poll() is None, "the mail catcher ended"
        try:
            return self.http.get("/api/messages").status_code == 200
        except httpx.TransportError:
            return False
