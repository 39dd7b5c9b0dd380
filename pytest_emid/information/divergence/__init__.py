"""Representation Jensen-Shannon divergence, its null distributions, and its differentiable form."""
