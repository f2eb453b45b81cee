"""The registry: institutions, people and how they sign in. The authority on who somebody is."""
