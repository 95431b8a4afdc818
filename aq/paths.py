"""Where things stand on disk: the program's own files, what it writes, and the configuration."""

import os
from collections.abc import Mapping
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


SHIPPED = ROOT / "config"


def own_config(environ: Mapping[str, str] = os.environ) -> Path:
    """The folder of what this site sets, over what the program ships: ``AQ_CONFIG``, else
    ``config/local`` below `home`. It need hold no more than what differs."""
    return Path(environ.get("AQ_CONFIG") or home() / "config" / "local")


def config_file(name: str, environ: Mapping[str, str] = os.environ) -> Path:
    """A file of the configuration: the site's own where there is one, else the shipped one."""
    own = own_config(environ) / name
    return own if own.exists() else SHIPPED / name
