"""JSON and bodies with their ETag, and the one form of errors."""

import hashlib
import json
from typing import Any

from starlette.responses import JSONResponse, Response

from aq.domain.errors import AqError, ArchiveError, InputError, StoreError, StoreLostError
from aq.web.sharing import cache_control

CACHE_SECONDS = 30
JSON_TYPE = "application/json; charset=utf-8"


def body_response(body: bytes, media_type: str, *, max_age: int = CACHE_SECONDS) -> Response:
    """A body with its ETag; `max_age` [s] is how long a cache may give it again unasked."""
    headers = {
        "ETag": f'"{hashlib.sha256(body).hexdigest()[:32]}"',
        "Cache-Control": cache_control(max_age),
        "X-Content-Type-Options": "nosniff",
    }
    return Response(body, media_type=media_type, headers=headers)


def json_response(value: Any) -> Response:
    """JSON as UTF-8 with an ETag of its bytes."""
    return body_response(json_text(value).encode(), JSON_TYPE)


def json_text(value: Any) -> str:
    """A value as JSON without blanks."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def error_response(status: int, code: str, message: str, field: str | None = None) -> Response:
    """The one form of errors."""
    error = {"code": code, "message": message, "field": field}
    return JSONResponse({"error": error}, status, headers={"Cache-Control": "no-store"})


def _refused(error: AqError) -> Response:
    if isinstance(error, InputError):
        status = 422 if error.too_large else 404 if error.unknown else 400
        return error_response(status, error.code, str(error), error.field)
    if isinstance(error, ArchiveError):
        return error_response(503, "archived", str(error))
    if isinstance(error, StoreLostError):
        words = "the store's file was deleted or replaced; the server must be stopped"
        return error_response(503, "store_lost", words)
    if isinstance(error, StoreError):
        return error_response(503, "store_unavailable", "the store does not answer; try again")
    return error_response(500, "failed", "the answer could not be made")
