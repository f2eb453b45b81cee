"""Pages that services render themselves: how they look and how they are protected."""
