"""Where things stand on disk: the program's own files, what it writes, and the configuration."""

import os
from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent
_INSTALLED = (_PACKAGE / "shipped").is_dir()
# The program's files beside the package: config/, migrations/, dashboard.py. A wheel carries them
# inside the package, a checkout has them at its top.
ROOT = _PACKAGE / "shipped" if _INSTALLED else _PACKAGE.parent


def home() -> Path:
    """The folder below which `var/` is written: ``AQ_HOME``, else the checkout's top, else, for an
    installed program, the folder it is called in."""
    if os.environ.get("AQ_HOME"):
        return Path(os.environ["AQ_HOME"]).absolute()
    return Path.cwd() if _INSTALLED else ROOT


def config_dir() -> Path:
    """The configuration folder: ``AQ_CONFIG``, else ``config/`` beside the program."""
    return Path(os.environ.get("AQ_CONFIG") or ROOT / "config")
