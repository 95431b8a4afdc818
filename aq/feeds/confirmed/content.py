"""A confirmed file read whole before any of it is stored, kept on disk in columns meanwhile."""

import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import IO

import numpy as np

from aq.domain.model import Station
from aq.feeds.confirmed.files import FileBatch
from aq.feeds.confirmed.rows import Hours


@dataclass(frozen=True, slots=True)
class _Kept:
    part: int
    keys: tuple[str, ...]
    stations: Sequence[Station]
    offset: int


class Content:
    """The hours of a file, table by table: some 32 bytes a row, in a temporary file."""

    def __init__(self) -> None:
        self._file: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 - closed by `close`
        self._kept: list[_Kept] = []
        self.rows = 0

    def close(self) -> None:
        """Give the disk space back."""
        self._file.close()

    def append(self, batch: FileBatch) -> None:
        """Keep the hours of a batch."""
        hours = batch.hours
        if not len(hours):
            return
        self._file.seek(0, 2)
        keys, offset = tuple(hours.values), self._file.tell()
        self._kept.append(_Kept(batch.part_number, keys, hours.stations, offset))
        columns = [hours.station, hours.hour, *hours.values.values()]
        np.save(self._file, np.stack(columns), allow_pickle=False)
        self.rows += len(hours)

    def parts(self) -> list[int]:
        """The numbers of the tables that gave hours, in order."""
        return sorted({kept.part for kept in self._kept})

    def batches(self, part: int | None = None) -> Iterator[Hours]:
        """The hours as they were kept, of one table or all."""
        for kept in self._kept:
            if part is not None and kept.part != part:
                continue
            self._file.seek(kept.offset)
            station, hour, *values = np.load(self._file, allow_pickle=False)
            yield Hours(
                stations=kept.stations,
                station=station,
                hour=hour,
                values=dict(zip(kept.keys, values, strict=True)),
            )
