"""One small error tree; `permanent` says whether trying again unchanged can help."""

from datetime import datetime
from enum import StrEnum


class AqError(Exception):
    """Base of everything this program raises on purpose."""

    permanent = True


class ConfigError(AqError):
    """A setting or configuration file is wrong; the program does not start.

    Parameters
    ----------
    message : what is wrong and what was expected
    where : ``file:line`` of a configuration file, or the name of an environment variable
    """

    def __init__(self, message: str, where: str = "") -> None:
        self.where = where
        super().__init__(f"{where}: {message}" if where else message)


class InputError(AqError):
    """A parameter, argument or file given by a person is wrong; nothing was changed.

    `field` names the parameter; `code` is the word an API answer carries; `too_large` asks for
    HTTP 422 and `unknown` for 404 instead of 400.
    """

    def __init__(
        self,
        message: str,
        field: str | None = None,
        *,
        code: str = "bad_parameter",
        too_large: bool = False,
        unknown: bool = False,
    ) -> None:
        self.field, self.code, self.too_large, self.unknown = field, code, too_large, unknown
        super().__init__(message)


class StoreError(AqError):
    """The store cannot be used as it is (too new, simulated and real mixed, not reachable)."""

    def __init__(self, message: str, *, permanent: bool = True) -> None:
        self.permanent = permanent
        super().__init__(message)


class StoreLostError(StoreError):
    """The embedded store's file was deleted or replaced under the program."""


class StandbyLostError(StoreError):
    """The standby broke off an answer; asked again, the primary gives it."""


class ArchiveError(StoreError):
    """Station hours that were asked for stand in an archive `file` that cannot be used here."""

    def __init__(self, file: str, why: str) -> None:
        self.file, self.why = file, why
        super().__init__(f"station hours are in the archive {file}, which {why}")


class FeedReason(StrEnum):
    """Why a feed gave nothing; each has a sentence for people in the message catalogue."""

    KEY_MISSING = "key_missing"
    KEY_NOT_REGISTERED = "key_not_registered"
    KEY_NOT_APPROVED = "key_not_approved"
    KEY_EXPIRED = "key_expired"
    ADDRESS_REFUSED = "address_refused"
    QUOTA_USED_UP = "quota_used_up"
    RATE_LIMITED = "rate_limited"
    UPSTREAM_DOWN = "upstream_down"
    UNREACHABLE = "unreachable"
    BAD_REQUEST = "bad_request"
    NOT_UNDERSTOOD = "not_understood"
    PROGRAM_ERROR = "program_error"


PERMANENT_REASONS = frozenset(
    {
        FeedReason.KEY_MISSING,
        FeedReason.KEY_NOT_REGISTERED,
        FeedReason.KEY_NOT_APPROVED,
        FeedReason.KEY_EXPIRED,
        FeedReason.ADDRESS_REFUSED,
        FeedReason.BAD_REQUEST,
    }
)


class FeedError(AqError):
    """A feed could not be read.

    Parameters
    ----------
    feed, operation : which source and which call
    reason : the named reason; decides whether the error is permanent
    detail : upstream's own words, already free of secrets
    retry_at : aware instant before which no call should be made (quota, rate limits)
    """

    def __init__(
        self,
        feed: str,
        operation: str,
        reason: FeedReason,
        detail: str = "",
        *,
        retry_at: datetime | None = None,
    ) -> None:
        self.feed, self.operation, self.reason = feed, operation, reason
        self.detail, self.retry_at = detail, retry_at
        self.permanent = reason in PERMANENT_REASONS
        text = f"{f'{feed} {operation}'.strip()}: {reason}"
        super().__init__(f"{text} ({detail})" if detail else text)
