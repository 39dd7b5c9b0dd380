"""Light and colour: how much light there was, of which colour, and what became of it."""
