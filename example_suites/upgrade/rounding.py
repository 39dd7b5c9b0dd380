"""A copy of a model whose weights are rounded to 8 bits, as a server with int8 weights computes with."""

import shutil
from pathlib import Path

from safetensors.torch import load_file, save_file

LEVELS = 127


def round_to_int8(source: Path, target: Path) -> Path:
    """Copy a model's folder with every matrix rounded: one scale a row, from -127 to 127.

    The weights are stored as the float32 numbers that int8 weights stand for, so that any backend can run them.
    """
    shutil.copytree(source, target, dirs_exist_ok=True)
    weights = load_file(source / "model.safetensors")
    for name, weight in weights.items():
        if weight.ndim >= 2:
            rows = weight.reshape(weight.shape[0], -1)
            scale = rows.abs().amax(dim=1, keepdim=True).clamp(min=1e-12) / LEVELS
            weights[name] = ((rows / scale).round() * scale).reshape(weight.shape).contiguous()
    save_file(weights, target / "model.safetensors", metadata={"format": "pt"})
    return target
