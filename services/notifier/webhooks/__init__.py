"""Signed webhooks by the Standard Webhooks specification: endpoints, messages, sending."""
