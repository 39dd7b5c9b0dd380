"""Where things stand in the picture, and how many pixels they get."""
