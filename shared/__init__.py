"""What all services speak: events and their path, databases, identity, problems, web base."""
