"""The migrations of the workgroups database."""
