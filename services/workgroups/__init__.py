"""Themes, follow-up groups, their members, meetings, updates and action items."""
