"""What two spellings of one text share, whatever its script."""

import unicodedata

KEY_LENGTH = 400
"""Some characters stand for whole phrases when they are taken apart."""


def comparison_key(name: str) -> str:
    """Return what two spellings of one name share in one script.

    Case, accents of Latin, Greek and Cyrillic letters, width, punctuation and spacing don't count.
    Marks of other scripts do: in Thai or Hindi they are vowels.
    """
    folded = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", name).casefold())
    plain = "".join(c for c in folded if not "\u0300" <= c <= "\u036f")
    words = "".join(c if c.isalnum() or unicodedata.category(c)[0] == "M" else " " for c in plain)
    return unicodedata.normalize("NFC", " ".join(words.split()))[:KEY_LENGTH].strip()
