"""What a trainer gets to see of this process's environment: what computing needs, no secret."""

from __future__ import annotations

import os

from django.conf import settings

_NAMES = frozenset(
    {
        "PATH",
        "HOME",
        "USER",
        "LANG",
        "LC_ALL",
        "TZ",
        "TMPDIR",
        "LD_LIBRARY_PATH",
        "DYLD_LIBRARY_PATH",
        "SSL_CERT_FILE",
        "REQUESTS_CA_BUNDLE",
        "HTTP_PROXY",
        "HTTPS_PROXY",
        "NO_PROXY",
        "http_proxy",
        "https_proxy",
        "no_proxy",
        "OMP_NUM_THREADS",
        "MKL_NUM_THREADS",
        "TORCH_HOME",
        "XDG_CACHE_HOME",
        "VIRTUAL_ENV",
    }
)
_PREFIXES = ("CUDA_", "NVIDIA_", "NCCL_", "PYTORCH_", "HF_")
_NEVER = ("TOKEN", "SECRET", "PASSWORD", "KEY")


def trainer_environment() -> dict[str, str]:
    """The environment of a new trainer."""
    chosen = {
        name: value
        for name, value in os.environ.items()
        if (name in _NAMES or name.startswith(_PREFIXES)) and not any(word in name.upper() for word in _NEVER)
    }
    return chosen | {"PYTHONPATH": str(settings.BASE_DIR), "PYTHONUNBUFFERED": "1"}
