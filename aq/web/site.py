"""Where the pages stand: the root that readers see, and addresses below it."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from urllib.parse import quote, urlencode

from starlette.types import Scope

from aq.settings import Settings

# What a Host header may say to stand in a page: a name or address, with a port.
_HOST = re.compile(r"(?:[A-Za-z0-9._-]{1,253}|\[[0-9a-fA-F:]{2,45}\])(?::\d{1,5})?")


@dataclass(frozen=True, slots=True)
class Site:
    """The site as its readers reach it.

    Attributes
    ----------
    root : its address with a slash at its end; empty for a folder that may come to stand anywhere
    published : whether it is a folder of files, where nothing answers a question
    """

    root: str
    published: bool = False

    def url(self, path: str = "", query: Mapping[str, str] | None = None) -> str:
        """An address of the site, whole; `path` has no slash before it."""
        return self.root + quote(path) + (f"?{urlencode(query)}" if query else "")

    def seen_from(self, path: str) -> "Site":
        """The site for a file of a folder: without an address of its own, by ways from the file."""
        return self if self.root else replace(self, root="../" * path.count("/") or "./")


def published_site(settings: Settings) -> Site:
    """The site as a folder: by `server.public_url`, or by relative ways."""
    public = settings.public_root
    return Site(f"{public}/" if public else "", published=True)


def file_in(lang: str, default: str, name: str) -> str:
    """The name of a folder's file in a language: `alerts.en.atom`; the site's own is not named."""
    stem, _, form = name.rpartition(".")
    return name if lang == default else f"{stem}.{lang}.{form}"


def site_of(settings: Settings, scope: Scope | None = None) -> Site:
    """The site by `server.public_url`; without it, as the request asks for it."""
    if settings.public_root:
        return Site(f"{settings.public_root}/")
    if scope is not None:
        host = dict(scope["headers"]).get(b"host", b"").decode("latin-1")
        if _HOST.fullmatch(host):
            return Site(f"{scope.get('scheme', 'http')}://{host}{scope.get('root_path', '')}/")
    return Site(f"http://{settings.server.host}:{settings.server.port}/")
