"""Where things stand on disk: the program's own files and the configuration folder."""

import os
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def config_dir() -> Path:
    """The configuration folder: ``AQ_CONFIG``, else ``config/`` beside the program."""
    return Path(os.environ.get("AQ_CONFIG") or ROOT / "config")
