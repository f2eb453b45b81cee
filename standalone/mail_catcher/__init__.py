"""An SMTP server that keeps every e-mail and delivers none, with a page to read them."""
