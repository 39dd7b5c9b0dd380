"""Weights in this process, by transformers: prompts, batches, decoding, sampling."""
