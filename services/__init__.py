"""The services. They share events and HTTP APIs, never code or tables with one another."""
