"""HTTP in and out of the registry: one module per subject, no rule of the domain."""
