"""Models under test: whatever answers questions about pictures."""
