"""What a run says: terminal and JSON."""
