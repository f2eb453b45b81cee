"""Full-text search with facets, the same on SQLite and PostgreSQL."""
