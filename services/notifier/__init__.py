"""The notifier: subscribers, digest runs, delivery."""
