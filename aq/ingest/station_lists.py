"""Lists of stations by file into the store: which network a station was of in a year."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from aq.context import Context
from aq.domain.errors import InputError
from aq.domain.model import Station
from aq.feeds.confirmed.station_lists import StationList, read_list
from aq.ingest.collect import follow, station_rule
from aq.store.station_past import put_network_list
from aq.store.stations import Directory


@dataclass(kw_only=True)
class ListReport:
    """What a list said, and what of it is new."""

    file: str
    content: StationList
    kept: int = 0
    unmatched: int = 0
    years: tuple[int, ...] = ()
    refused: str | None = None
    checked: bool = False
    words: dict[str, int] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        """The report in JSON's types."""
        return {
            "file": self.file,
            "list_of_stations": True,
            "refused": self.refused,
            "checked": self.checked,
            "rows": self.content.rows,
            "kept": self.kept,
            "unmatched": self.unmatched,
            "years": list(self.years),
            "left_out": dict(self.content.left_out),
            "remarks": self.content.remarks,
        }


def import_list(
    context: Context,
    path: Path,
    *,
    year: int | None = None,
    network: str | None = None,
    check: bool = False,
) -> ListReport | None:
    """Read a list of stations into the store; None when the file is none.

    Hours of stations whose own rows do not name their network count by it from then on. Raises
    `InputError` for a file that cannot be read or that says nothing usable.
    """
    content = read_list(path, year, network)
    if content is None:
        return None
    if not content.stations:
        reasons = ", ".join(f"{n} {kind}" for kind, n in content.left_out.items())
        raise InputError(
            f"{path.name}: a list of stations of which nothing can be taken ({reasons}); name what"
            " it does not say with --year and --network",
            "file",
            code="bad_file",
        )
    report = ListReport(file=path.name, content=content, checked=check)
    report.years = tuple(sorted({station.year for station in content.stations}))
    if check:
        return report
    with context.store.write(f"import {path.name}") as txn:
        directory = Directory(txn, station_rule(context.settings.provinces))
        rows: dict[tuple[str, int], str] = {}
        for station in content.stations:
            code = station.code or directory.code_of(
                Station(name=station.name, sido=station.sido, address=station.address)
            )
            if code is None:
                report.unmatched += 1
            else:
                rows[code, station.year] = station.network
        report.kept = put_network_list(txn, rows, path.name)
        directory.past.learn_lists()
        directory.stir(code for code, _ in rows)
        follow(txn, directory, context.stored_standards)
    return report
