"""Calendar days in requests."""

from datetime import date
from typing import Annotated

from pydantic import Field

Day = Annotated[date, Field(ge=date(1990, 1, 1), le=date(2100, 12, 31))]
"""A day on which a meeting may have been held or something may be due; others are typing errors."""
