"""Files that are there whole or not at all: written beside, then renamed."""

import errno
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from typing import BinaryIO

from aq.domain.errors import AqError


class WriteError(AqError):
    """A file cannot be written; nothing of it was kept."""


@contextmanager
def beside(path: Path) -> Iterator[BinaryIO]:
    """A file open for writing that takes the place of `path` when the block ends well.

    Whatever ends it otherwise leaves `path` as it was. Raises `WriteError` in words for a full
    disk, a missing folder, no permission.
    """
    part = path.with_name(f"{path.name}.part")
    try:
        file = part.open("xb")
    except FileExistsError:
        raise WriteError(
            f"{part} is there already: another export writes it, or one was killed. Wait for it,"
            " or remove the file"
        ) from None
    except OSError as error:
        raise WriteError(why_not(path, error)) from None
    try:
        with file:
            yield file
        part.replace(path)
    except OSError as error:
        raise WriteError(why_not(path, error)) from None
    finally:
        part.unlink(missing_ok=True)  # gone already when all went well


def why_not(path: Path | str, error: OSError) -> str:
    """What keeps a file from being written, and what to do."""
    if error.errno == errno.ENOSPC:
        return f"{path}: the disk is full; free some space or choose another place. Nothing is kept"
    return f"{path} cannot be written: {error.strerror or error}. Nothing is kept"


class Digest:
    """The SHA-256 and the size [bytes] of what is written piece by piece."""

    def __init__(self) -> None:
        self._digest, self.size = sha256(), 0

    def update(self, piece: bytes) -> None:
        """Take the next piece in."""
        self._digest.update(piece)
        self.size += len(piece)

    @property
    def hex(self) -> str:
        """The SHA-256 so far."""
        return self._digest.hexdigest()


def copy(pieces: Iterable[bytes], write: Callable[[bytes], object]) -> tuple[str, int]:
    """Write pieces and give the SHA-256 and the size [bytes] of all of them."""
    digest = Digest()
    for piece in pieces:
        digest.update(piece)
        write(piece)
    return digest.hex, digest.size


def digest_of(path: Path) -> str:
    """The SHA-256 of a file."""
    digest = sha256()
    with path.open("rb") as file:
        while piece := file.read(1 << 20):
            digest.update(piece)
    return digest.hexdigest()
