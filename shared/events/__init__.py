"""What services tell each other: the envelope (CloudEvents 1.0) and the catalogue of types."""
