"""Robustness tests for multimodal LLMs: effective mutual information under distribution shift, as pytest gates."""
