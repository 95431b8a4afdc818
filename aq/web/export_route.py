"""`/api/v1/export`: the same answer as the command's, streamed."""

from collections.abc import Mapping

from starlette.responses import Response, StreamingResponse

from aq import __version__
from aq.context import Context
from aq.domain.clock import kst
from aq.domain.errors import InputError
from aq.export.columns import READINGS
from aq.export.package import check_packaged, package_bytes
from aq.export.pipeline import MEDIA_TYPES, Tally, answer, estimate
from aq.export.query import ExportQuestion, of_grains
from aq.queries.question import Given
from aq.web.sharing import cache_control
from aq.web.traffic import ROWS_HEADER

# More is for the command, which has a bar, a manifest, and nobody's patience to hold.
ROW_LIMIT = 2_000_000
CACHE_SECONDS = 30


def export_rows(context: Context, given: Mapping[str, str]) -> Response:
    """`/api/v1/export`: values and grades of any range as CSV, Parquet, XLSX, JSON, JSON lines.

    Several grains come as one zip, which holds a table of each, its manifest and datapackage.json.
    """
    asked = Given(given)
    zipped, grains = asked.flag("zip"), asked.listed("grain") or []
    questions = of_grains(context, asked, grains)
    if zipped or len(questions) > 1:
        check_packaged(questions)
        zipped = True
    rows = sum(estimate(context.store, question) for question in questions)
    if rows > ROW_LIMIT:
        raise InputError(
            f"up to {rows:,} rows; this route gives {ROW_LIMIT:,}. Ask for a shorter range, fewer"
            " provinces or pollutants, or the grain day or month; `python -m aq export` has no"
            " limit",
            "until",
            code="too_large",
            too_large=True,
        )
    first, stem = questions[0], stem_of(questions)
    tags = "-".join(question.tag for question in questions)
    return StreamingResponse(
        package_bytes(context, questions, []) if zipped else answer(context.store, first, Tally()),
        media_type="application/zip" if zipped else MEDIA_TYPES[first.format],
        headers={
            "ETag": f'"{tags}{"-zip" if zipped else ""}-{__version__}"',
            "Cache-Control": cache_control(CACHE_SECONDS),
            "Content-Disposition": f"attachment; filename="
            f'"{stem}.{"zip" if zipped else first.format}"',
            "X-Content-Type-Options": "nosniff",
            "X-AQ-Store-Version": str(first.version),
            ROWS_HEADER: str(rows),
        },
    )


def stem_of(questions: list[ExportQuestion]) -> str:
    """What a browser saves the answer as, without its ending."""
    asked = questions[0]
    first, last = (kst(one).strftime("%Y%m%d%H") for one in (asked.after, asked.until))
    grain = f"-{asked.grain}" if len(questions) == 1 else ""
    what = f"{asked.level}{grain}" if asked.kind == READINGS else asked.kind
    return f"air-{what}-{first}-{last}"
