"""Where the pages stand: the root that readers see, and addresses below it."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import quote, urlencode

from starlette.types import Scope

from aq.settings import Settings

# What a Host header may say to stand in a page: a name or address, with a port.
_HOST = re.compile(r"(?:[A-Za-z0-9._-]{1,253}|\[[0-9a-fA-F:]{2,45}\])(?::\d{1,5})?")


@dataclass(frozen=True, slots=True)
class Site:
    """The site as its readers reach it: `root` is its address with a slash at its end."""

    root: str

    def url(self, path: str = "", query: Mapping[str, str] | None = None) -> str:
        """An address of the site, whole; `path` has no slash before it."""
        return self.root + quote(path) + (f"?{urlencode(query)}" if query else "")


def site_of(settings: Settings, scope: Scope | None = None) -> Site:
    """The site by `server.public_url`; without it, as the request asks for it."""
    public = settings.server.public_url
    if public:
        return Site(f"{public.rstrip('/')}/")
    if scope is not None:
        host = dict(scope["headers"]).get(b"host", b"").decode("latin-1")
        if _HOST.fullmatch(host):
            return Site(f"{scope.get('scheme', 'http')}://{host}{scope.get('root_path', '')}/")
    return Site(f"http://{settings.server.host}:{settings.server.port}/")
