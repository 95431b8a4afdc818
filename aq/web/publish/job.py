"""Publishing beside the polls: each minute one process looks whether there is something new."""

import logging
from collections.abc import Sequence
from datetime import datetime

from aq.context import Context, again
from aq.domain.clock import floor_minute
from aq.domain.errors import AqError, StoreError
from aq.ingest.schedule import Job, Report

log = logging.getLogger(__name__)


def publishing(context: Context) -> Sequence[Job]:
    """The job, where a folder is set."""
    folder = context.settings.publish.folder
    if not folder:
        return ()

    def run(_now: datetime) -> Report:
        from aq.web.publish.run import failed, renew  # noqa: PLC0415 - loaded where used

        try:
            return again(lambda: renew(context, folder))
        except StoreError:
            raise
        except AqError as error:
            log.error("publish: %s", error)
            return failed(context, error)

    return (Job(name="publish", slot=floor_minute, run=run),)
