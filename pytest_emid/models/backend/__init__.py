"""What several backends need: checkpoints, loading, deadlines, and keys that never leak."""
