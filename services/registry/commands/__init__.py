"""What an operator does on the command line: a module per subject.

A command imports what only it needs, so that a relay stays small.
"""

from services.registry.commands import coordinators, exchange, institutions, keys

SUBJECTS = (coordinators.app, keys.app, exchange.app, institutions.app)
"""The commands of each subject, put side by side under ``southlink registry``."""
