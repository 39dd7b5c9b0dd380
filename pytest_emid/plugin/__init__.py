"""pytest meets the measurements: options, fixtures, gates, what a run recorded, and what its reports say.

PYTEST_DONT_REWRITE: this package is loaded in every pytest run and asserts nothing.
"""
