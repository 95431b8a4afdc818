"""Publishing beside the polls: each minute one process looks whether there is something new."""

from collections.abc import Sequence
from datetime import datetime

from aq.context import Context, again
from aq.domain.clock import floor_minute
from aq.ingest.schedule import Job, Report


def publishing(context: Context) -> Sequence[Job]:
    """The job, where a folder is set."""
    folder = context.settings.publish.folder
    if not folder:
        return ()

    def run(_now: datetime) -> Report:
        from aq.web.publish.run import renew  # noqa: PLC0415 - the routes are loaded where used

        return again(lambda: renew(context, folder))

    return (Job(name="publish", slot=floor_minute, run=run),)
