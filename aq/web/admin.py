"""Who may change anything: an administrator, told by proof: a link, a password or a sign-in."""

import hmac
import secrets
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import idna
from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route

from aq.settings import Settings
from aq.web.traffic import is_loopback, origin_of

# Any of these says that somebody else's machine stands between. Not every proxy sends one: a
# request without them proves nothing.
FORWARDING = (
    "forwarded",
    "via",
    "x-client-ip",
    "x-forwarded-for",
    "x-forwarded-host",
    "x-forwarded-port",
    "x-forwarded-proto",
    "x-forwarded-server",
    "x-real-ip",
)
TRIES_PER_MINUTE = 5  # of one client
ALL_TRIES_PER_MINUTE = 60  # of all together; when they are used up, each client has one a minute
SESSION_HOURS = 12
LOCAL = "local"
LINK_PATH = "/local-administrator"
COOKIE = "aq_local_administrator"
MOST_BROWSERS = 20  # opened by a link; the oldest is forgotten


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """What is known of who asks.

    Attributes
    ----------
    headers : of the request that opened the connection, names in small letters
    address : of the other end of the connection; None where the server does not know it
    proof : the cookie that the local administrator's link left in this browser
    identity : verified claims of the sign-in service: `email`, `iss`, `sub`
    password_by : who gave the administrator's password in this session, if anyone
    """

    headers: Mapping[str, str]
    address: str | None
    proof: str | None = None
    identity: Mapping[str, str] = field(default_factory=dict)
    password_by: str | None = None


@dataclass
class LocalLink:
    """The link that opens the local administrator's controls in one browser, once.

    Only what is printed on the server's own terminal proves that somebody sits at this machine: a
    reverse proxy beside the server comes from loopback too, and need not say for whom.
    """

    announce: Callable[[str], None] = lambda _key: None
    _key: str = ""
    _browsers: list[str] = field(default_factory=list)

    def renew(self) -> None:
        """Make a new link in place of the last, and announce its key."""
        self._key = secrets.token_urlsafe(24)
        self.announce(self._key)

    def open(self, key: str) -> str | None:
        """The cookie for a browser that brings the key, which is void then; None for another."""
        if not self._key or not hmac.compare_digest(key.encode(), self._key.encode()):
            return None
        cookie = secrets.token_urlsafe(32)
        self._browsers = [*self._browsers, cookie][-MOST_BROWSERS:]
        self.renew()
        return cookie

    def opened(self, cookie: str | None) -> bool:
        """Whether a cookie is one that this process gave to a browser."""
        given = str(cookie or "").encode()
        return any(hmac.compare_digest(given, known.encode()) for known in self._browsers)


LINK = LocalLink()


def link_route(allowed: Callable[[], bool]) -> Route:
    """The address of the one-time link. It changes nothing but this browser's own cookie."""

    def endpoint(request: Request) -> Response:
        caller = Caller(
            headers=dict(request.headers),
            address=request.client.host if request.client else None,
        )
        cookie = None
        if allowed() and comes_from_here(caller):
            cookie = LINK.open(request.query_params.get("key", ""))
        if cookie is None:
            words = "This link is not valid any more; the server's terminal shows the next one.\n"
            return PlainTextResponse(words, 403, headers={"Cache-Control": "no-store"})
        response = RedirectResponse("rules", 303, headers={"Cache-Control": "no-store"})
        response.set_cookie(
            cookie_name(request.headers.get("host", "")), cookie, httponly=True, samesite="strict"
        )
        return response

    link = Route(LINK_PATH, endpoint, methods=["GET"])
    link.methods = {"GET"}  # a program that looks ahead by HEAD does not use the link up
    return link


def cookie_name(host: str) -> str:
    """The cookie's name for a host and port: browsers keep one jar for all ports of a host."""
    try:
        return f"{COOKIE}_{urlsplit(f'//{host}').port or 80}"
    except ValueError:
        return COOKIE


def administrator(
    caller: Caller, *, local: bool, emails: Collection[str], subjects: Collection[str] = ()
) -> str | None:
    """The name under which a caller may change things; None for somebody who only looks.

    Parameters
    ----------
    local : whether this machine's own user counts (`local_counts`)
    emails : addresses the sign-in service may vouch for
    subjects : "issuer subject" of accounts at it
    """
    if caller.password_by:
        return caller.password_by
    email = caller.identity.get("email", "")
    if email and mailbox(email) in {mailbox(listed) for listed in emails}:
        return email
    subject = f"{caller.identity.get('iss')} {caller.identity.get('sub')}"
    if subject in subjects:
        return email or subject
    if local and LINK.opened(caller.proof) and comes_from_here(caller, page=True):
        return LOCAL
    return None


def local_counts(settings: Settings) -> bool:
    """Whether this machine's own user may be administrator: not where others are meant to come."""
    server = settings.server
    return settings.admin == "on" and not server.public_url and not server.trusted_proxies


def mailbox(email: str) -> tuple[str, str]:
    """An address as it is compared: ASCII letters without case, the domain as DNS knows it.

    Other letters are compared as they are: `boſs@` is not `boss@`, whatever case folding says.
    """
    local, _, domain = email.rpartition("@")
    try:
        domain = idna.encode(domain, uts46=False).decode() if not domain.isascii() else domain
    except idna.IDNAError:
        return email, ""  # equal to nothing but itself
    return _ascii_lower(local), _ascii_lower(domain)


def _ascii_lower(text: str) -> str:
    return "".join(letter.lower() if letter.isascii() else letter for letter in text)


def verified_identity(user: Mapping[str, object]) -> dict[str, str]:
    """What a sign-in service vouches for: `iss` and `sub`, and `email` where it says, in so many
    words, that it has verified it (`email_verified` is JSON's true)."""
    if user.get("is_logged_in") is not True:
        return {}
    names = ("iss", "sub", "email") if user.get("email_verified") is True else ("iss", "sub")
    claims = {name: user.get(name) for name in names}
    return {name: claim for name, claim in claims.items() if isinstance(claim, str) and claim}


def comes_from_here(caller: Caller, *, page: bool = False) -> bool:
    """Whether a request names this machine only, from loopback, without a proxy's header.

    The name asked for must be loopback too, and a page that asks must be of this server: else a
    page of another site, open in the same browser, could speak in the user's name. A proxy may
    look the same, so this alone makes nobody an administrator.

    Parameters
    ----------
    page : whether the request is a page's, which always names its origin
    """
    if any(name in caller.headers for name in FORWARDING):
        return False
    if not caller.address or not is_loopback(caller.address):
        return False
    host = caller.headers.get("host", "")
    origin = caller.headers.get("origin")
    if not is_loopback(_name_of(f"//{host}")):
        return False
    return not page if origin is None else origin_of(origin)[1] == host


def _name_of(address: str) -> str:
    try:
        return urlsplit(address).hostname or ""
    except ValueError:
        return ""


def password_matches(given: str, kept: str) -> bool:
    """Whether a password is the one whose argon2 hash is kept; takes as long either way."""
    try:
        return PasswordHasher().verify(kept, given)
    except (VerificationError, InvalidHashError):
        return False
