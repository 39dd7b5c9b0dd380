"""Samples, datasets, loaders, and the built-in scenes."""
