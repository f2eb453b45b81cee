"""HTTP in and out: one module per subject; no rule of the domain here."""
