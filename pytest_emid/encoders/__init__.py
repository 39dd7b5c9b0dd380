"""Pictures and texts to unit-norm vectors."""
