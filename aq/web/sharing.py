"""What scripts of other sites and caches may do with answers: CORS, and how long a copy serves."""

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import Response
from starlette.types import Scope

# Addresses whose answers are anybody's. Pages, the framework's own ways and all that signs somebody
# in are not among them; nothing here changes anything or reads a cookie.
OPEN = frozenset(
    {
        *("/strip", "/strip.json", "/alerts.atom", "/healthz", "/metrics", "/now"),
        *("/robots.txt", "/sitemap.xml", "/manifest.webmanifest", "/favicon.ico", "/icon.svg"),
        *("/catalog.jsonld", "/oembed"),
    }
)
OPEN_BELOW = ("/api/", "/kept/", "/now/", "/embed/", "/card", "/cards/", "/icon-", "/picture")
EXPOSED = "ETag, Retry-After, Content-Disposition, X-AQ-Store-Version"
PREFLIGHT_SECONDS = 86_400  # browsers keep it two hours to a day
# While a cache asks for a new copy the old one serves; without an origin, for as long as a value is
# shown as current at all (`display.hide_after_hours`).
STALE_WHILE, STALE_IF_ERROR = 60, 6 * 3600


def cache_control(max_age: int) -> str:
    """How long [s] a copy serves unasked, then while it is renewed, then without us."""
    return (
        f"public, max-age={max_age}, stale-while-revalidate={STALE_WHILE},"
        f" stale-if-error={STALE_IF_ERROR}"
    )


def is_open(path: str) -> bool:
    """Whether scripts of any site may read the answers of an address."""
    return path in OPEN or path.startswith(OPEN_BELOW)


def share(headers: MutableHeaders, path: str) -> None:
    """Let every origin read an open answer, its ETag too."""
    if is_open(path):
        headers["Access-Control-Allow-Origin"] = "*"
        headers["Access-Control-Expose-Headers"] = EXPOSED
        headers["Cross-Origin-Resource-Policy"] = "cross-origin"


def preflight(scope: Scope) -> Response | None:
    """The answer to a browser that asks whether it may ask; None for any other request."""
    headers = Headers(scope=scope)
    asks = scope["method"] == "OPTIONS" and "access-control-request-method" in headers
    if not (asks and is_open(scope["path"])):
        return None
    return Response(
        status_code=204,
        headers={
            "Access-Control-Allow-Methods": "GET, HEAD",
            "Access-Control-Allow-Headers": "*",
            "Access-Control-Max-Age": str(PREFLIGHT_SECONDS),
            "Cache-Control": f"public, max-age={PREFLIGHT_SECONDS}",
            "Vary": "Access-Control-Request-Method, Access-Control-Request-Headers",
        },
    )
