"""Pages for readers: confirming, choosing, leaving. They work without scripts and cookies."""
