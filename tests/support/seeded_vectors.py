"""What a project's conftest.py says where encoders are not what is tested: a vector drawn from each content."""

ENCODER = """
import zlib
import numpy as np


class Encoder:
    name = fingerprint = "vectors"

    def encode(self, items):
        seeds = [zlib.crc32(item.encode() if isinstance(item, str) else item.tobytes()) for item in items]
        rows = np.array([np.random.default_rng(seed).normal(size=8) for seed in seeds], dtype=np.float32)
        return rows / np.linalg.norm(rows, axis=1, keepdims=True)
"""
