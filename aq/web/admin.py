"""Who may change anything: an administrator, told from the request, a password or a sign-in."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from ipaddress import ip_address
from urllib.parse import urlsplit

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

# Any of these says that somebody else's machine stands between.
FORWARDING = (
    "forwarded",
    "via",
    "x-forwarded-for",
    "x-forwarded-host",
    "x-forwarded-proto",
    "x-real-ip",
)
TRIES_PER_MINUTE = 5
SESSION_HOURS = 12
LOCAL = "local"


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """What is known of who asks.

    Attributes
    ----------
    headers : of the request that opened the connection, names in small letters
    address : of the other end of the connection; None where the server does not know it
    email : verified by the sign-in service; None without one
    password_by : who gave the administrator's password in this session, if anyone
    """

    headers: Mapping[str, str]
    address: str | None
    email: str | None = None
    password_by: str | None = None


def administrator(caller: Caller, *, local: bool, emails: Collection[str]) -> str | None:
    """The name under which a caller may change things; None for somebody who only looks.

    Parameters
    ----------
    local : whether this machine's own user counts (`AQ_ADMIN=off`: no)
    emails : addresses the sign-in service may vouch for
    """
    if caller.password_by:
        return caller.password_by
    if caller.email and caller.email.casefold() in {one.casefold() for one in emails}:
        return caller.email
    if local and is_local(caller):
        return LOCAL
    return None


def is_local(caller: Caller) -> bool:
    """Whether a request comes from this machine, to this machine, through nobody.

    The name asked for must be loopback too, and a page that asks must be of this server: else a
    page of another site, open in the same browser, could speak in the user's name.
    """
    if any(name in caller.headers for name in FORWARDING):
        return False
    if not caller.address or not _is_loopback(caller.address):
        return False
    host = caller.headers.get("host", "")
    origin = caller.headers.get("origin")
    if not _is_loopback(_name_of(f"//{host}")):
        return False
    return origin is None or urlsplit(origin).netloc == host


def _name_of(address: str) -> str:
    try:
        return urlsplit(address).hostname or ""
    except ValueError:
        return ""


def _is_loopback(name: str) -> bool:
    if name == "localhost":
        return True
    try:
        return ip_address(name).is_loopback
    except ValueError:
        return False


def password_matches(given: str, kept: str) -> bool:
    """Whether a password is the one whose argon2 hash is kept; takes as long either way."""
    try:
        return PasswordHasher().verify(kept, given)
    except (VerificationError, InvalidHashError):
        return False
