"""What an operator does on the command line: a module per subject.

A command imports what only it needs, so that a relay stays small.
"""

from services.workgroups.commands import action_items, bulk, exchange, groups, trace

SUBJECTS = (groups.app, action_items.app, trace.app, bulk.app, exchange.app)
"""The commands of each subject, put side by side under ``southlink workgroups``."""
