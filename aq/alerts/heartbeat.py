"""A ping after each complete pass, so that somebody elsewhere notices when there is none."""

import logging
import urllib.parse

import urllib3

from aq import __version__
from aq.logs import redact

log = logging.getLogger(__name__)
TIMEOUT = urllib3.Timeout(connect=5, read=5)


def beat(url: str) -> bool:
    """Ask for an address of a watching service (healthchecks and its like); whether it answered.

    A pass is complete without it: what fails here is a line of the log.
    """
    try:
        with urllib3.PoolManager(timeout=TIMEOUT, retries=1) as pool:
            answer = pool.request("GET", url, headers={"User-Agent": f"aq/{__version__}"})
    except urllib3.exceptions.HTTPError as error:
        log.warning("heartbeat: %s", redact(type(error).__name__))
        return False
    if answer.status >= 400:
        host = urllib.parse.urlsplit(url).hostname  # what follows it is a secret
        log.warning("heartbeat: HTTP %s from %s", answer.status, host)
    return answer.status < 400
