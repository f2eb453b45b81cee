"""``python -m benchmarks.smtp_limit PORT NUMBER BYTES``: how fast a process can hand over.

It sends one fixed e-mail again and again over one connection, by ``smtplib`` as it is.
"""

import smtplib
import sys

LINE = b"South-South cooperation links up what may seem to be separate issues..\r\n"


def main(port: int, number: int, size: int) -> None:
    """Say ready, wait for a line, send, say done."""
    content = b"From: a@example.org\r\nTo: b@example.org\r\nSubject: Fixed\r\n\r\n"
    content += LINE * ((size - len(content)) // len(LINE))
    with smtplib.SMTP("127.0.0.1", port) as server:
        server.ehlo()
        print("ready", flush=True)
        sys.stdin.readline()
        for _ in range(number):
            server.sendmail("a@example.org", ["b@example.org"], content)
        print("done", flush=True)


if __name__ == "__main__":
    main(*(int(argument) for argument in sys.argv[1:]))
