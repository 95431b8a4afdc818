"""`/api/v1/export`: the same answer as the command's, streamed."""

from collections.abc import Mapping

from starlette.responses import Response, StreamingResponse

from aq import __version__
from aq.context import Context
from aq.domain.clock import kst
from aq.domain.errors import InputError
from aq.export.columns import READINGS
from aq.export.pipeline import MEDIA_TYPES, Tally, answer, estimate
from aq.export.query import ExportQuestion, ask

# More is for the command, which has a bar, a manifest, and nobody's patience to hold.
ROW_LIMIT = 2_000_000
CACHE_SECONDS = 30


def export_rows(context: Context, given: Mapping[str, str]) -> Response:
    """`/api/v1/export`: values and grades of any range as CSV, Parquet, XLSX, JSON, JSON lines."""
    asked = ask(context, given)
    rows = estimate(context.store, asked)
    if rows > ROW_LIMIT:
        raise InputError(
            f"up to {rows:,} rows; this route gives {ROW_LIMIT:,}. Ask for a shorter range, fewer"
            " provinces or pollutants, or the grain day or month; `python -m aq export` has no"
            " limit",
            "until",
            code="too_large",
            too_large=True,
        )
    return StreamingResponse(
        answer(context.store, asked, Tally()),
        media_type=MEDIA_TYPES[asked.format],
        headers={
            "ETag": f'"{asked.tag}-{__version__}"',
            "Cache-Control": f"public, max-age={CACHE_SECONDS}",
            "Content-Disposition": f'attachment; filename="{file_name(asked)}"',
            "X-Content-Type-Options": "nosniff",
            "X-AQ-Store-Version": str(asked.version),
        },
    )


def file_name(asked: ExportQuestion) -> str:
    """What a browser saves the answer as."""
    first, last = (kst(one).strftime("%Y%m%d%H") for one in (asked.after, asked.until))
    what = f"{asked.level}-{asked.grain}" if asked.kind == READINGS else asked.kind
    return f"air-{what}-{first}-{last}.{asked.format}"
