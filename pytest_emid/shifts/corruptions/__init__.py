"""Image corruptions: the visual shifts, on numpy and Pillow."""
