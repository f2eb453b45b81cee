"""The pages of workgroups."""
