"""The e-mails: what they say, how they look, and their headers."""
