"""What mail servers report of our e-mails: bounces (RFC 3464) and complaints (RFC 5965)."""
