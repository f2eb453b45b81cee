"""Pages that the registry renders itself."""
