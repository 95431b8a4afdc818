"""One poll of AirKorea; prints the moment the last byte of its last answer had come."""

import time
from collections.abc import Mapping

from aq import app
from aq.context import start
from aq.domain.model import Payload


def main() -> None:
    """Poll with a call that notes when it was answered."""
    context = start()
    collector = app.collector(context)
    get, answered = collector.gets["airkorea"], [0.0]

    def noting(operation: str, params: Mapping[str, str]) -> Payload:
        payload = get(operation, params)
        answered[0] = time.time()
        return payload

    collector.gets = {**collector.gets, "airkorea": noting}
    report = collector.poll("airkorea", context.clock.now(), force=True)
    if report.error:
        raise report.error
    print(answered[0])


if __name__ == "__main__":
    main()
