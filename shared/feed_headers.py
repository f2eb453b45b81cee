"""The headers of a feed's answer."""

EPOCH_HEADER = "Southlink-Epoch"
"""The epoch of the history (UUID)."""

HEAD_HEADER = "Southlink-Head"
"""The position of the newest event."""
