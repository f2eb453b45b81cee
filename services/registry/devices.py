"""A short label of the device or program that signed in, so that its owner recognises it.

The header ``User-Agent`` (RFC 9110, 10.1.5) is whatever a client likes to send, so only words that
we know, or the plain name of a program, are kept of it.
"""

import re

LONGEST = 60
_PRODUCT = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+-]{0,39}")

_BROWSERS = (
    # The first that fits wins: most claim to be Safari, and many to be Chrome.
    ("Edg", "Edge"),
    ("OPR/", "Opera"),
    ("SamsungBrowser/", "Samsung Internet"),
    ("Firefox/", "Firefox"),
    ("FxiOS/", "Firefox"),
    ("CriOS/", "Chrome"),
    ("Chrome/", "Chrome"),
    ("Safari/", "Safari"),
)
_SYSTEMS = (
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("Windows", "Windows"),
    ("Mac OS X", "macOS"),
    ("CrOS", "ChromeOS"),
    ("Linux", "Linux"),
)


def label(user_agent: str | None) -> str | None:
    """Return words such as ``Firefox on Linux`` or ``curl``; ``None`` when nothing can be told."""
    if not user_agent:
        return None
    browser = next((name for mark, name in _BROWSERS if mark in user_agent), None)
    system = next((name for mark, name in _SYSTEMS if mark in user_agent), None)
    if browser:
        return f"{browser} on {system}" if system else browser
    program = _PRODUCT.match(user_agent)
    return program.group()[:LONGEST] if program else None
