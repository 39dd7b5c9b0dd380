"""Text perturbations: the textual shifts."""
