"""The mathematics: arrays in, numbers out.

Knows nothing of pytest, models or files, and imports nothing of the package but `errors`.
"""
