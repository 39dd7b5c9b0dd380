"""Estimates with intervals that respect clusters; power and multiplicity."""
