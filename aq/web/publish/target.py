"""Where a published folder stands: on this machine, or at an address that fsspec can write."""

import fcntl
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

from aq.domain.errors import AqError
from aq.export.files import WriteError, why_not

# Files on their way stand here, on the same file system, so that a rename is whole or nothing.
UNDER_WAY = ".publishing"
PACKAGES = {"s3": "s3fs", "gs": "gcsfs", "gcs": "gcsfs", "abfs": "adlfs", "az": "adlfs"}


class Target(Protocol):
    """A place of files with paths separated by slashes."""

    def read(self, path: str) -> bytes | None:
        """The content of a file, None where there is none."""

    def size(self, path: str) -> int | None:
        """The size of a file [bytes], None where there is none."""

    def write(self, path: str, body: bytes, media_type: str) -> None:
        """Put a file there, whole or not at all. Raises `WriteError`."""

    def remove(self, path: str) -> None:
        """Take a file away."""


class Folder:
    """A folder of this machine."""

    def __init__(self, root: Path) -> None:
        self._root, self._part = root, root / UNDER_WAY / "part"

    def read(self, path: str) -> bytes | None:
        """The content of a file, None where there is none."""
        try:
            return (self._root / path).read_bytes()
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as error:
            raise AqError(f"{self._root / path} cannot be read: {error.strerror}") from None

    def size(self, path: str) -> int | None:
        """The size of a file [bytes], None where there is none."""
        try:
            return (self._root / path).stat().st_size
        except OSError:
            return None

    def write(self, path: str, body: bytes, media_type: str) -> None:
        """Put a file there: written beside, then renamed. Raises `WriteError`."""
        del media_type  # a web server tells it by the name
        target, part = self._root / path, self._part
        try:
            part.write_bytes(body)
            try:
                part.replace(target)
            except FileNotFoundError:  # the first of its folder
                target.parent.mkdir(parents=True, exist_ok=True)
                part.replace(target)
        except OSError as error:
            part.unlink(missing_ok=True)
            raise WriteError(why_not(target, error)) from None

    def remove(self, path: str) -> None:
        """Take a file away."""
        (self._root / path).unlink(missing_ok=True)


class Remote:
    """An address that a package beside fsspec can write, such as s3://bucket/air.

    An object is put there as a whole by the store itself.
    """

    def __init__(self, files: Any, root: str) -> None:
        self._files, self._root = files, root.rstrip("/")

    def read(self, path: str) -> bytes | None:
        """The content of a file, None where there is none."""
        try:
            content: bytes = self._files.cat_file(f"{self._root}/{path}")
        except FileNotFoundError:
            return None
        return content

    def size(self, path: str) -> int | None:
        """The size of a file [bytes], None where there is none."""
        try:
            return int(self._files.info(f"{self._root}/{path}")["size"])
        except FileNotFoundError:
            return None

    def write(self, path: str, body: bytes, media_type: str) -> None:
        """Put a file there. Raises `WriteError`."""
        named = {"ContentType": media_type} if "s3" in self._files.protocol else {}
        try:
            self._files.pipe_file(f"{self._root}/{path}", body, **named)
        except Exception as error:  # each package has errors of its own
            words = f"{self._root}/{path} cannot be written: {type(error).__name__}: {error}"
            raise WriteError(words) from None

    def remove(self, path: str) -> None:
        """Take a file away."""
        self._files.rm_file(f"{self._root}/{path}")


@contextmanager
def opened(address: str) -> Iterator[Target]:
    """The place at a path or an address, for one that publishes at a time.

    Raises `AqError` where it cannot be written, somebody publishes there, or a package is missing.
    """
    scheme, separator, _ = address.partition("://")
    if separator:
        yield _remote(address, scheme)
        return
    root = Path(address)
    try:
        (root / UNDER_WAY).mkdir(parents=True, exist_ok=True)
        lock = (root / UNDER_WAY / "lock").open("w")
    except OSError as error:
        raise WriteError(why_not(root, error)) from None
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise AqError(f"{root}: another process publishes there now; wait for it") from None
        try:
            yield Folder(root)
        finally:
            shutil.rmtree(root / UNDER_WAY, ignore_errors=True)


def _remote(address: str, scheme: str) -> Remote:
    try:
        import fsspec  # noqa: PLC0415 - only where it is used

        files, root = fsspec.core.url_to_fs(address)
    except ImportError:
        package = PACKAGES.get(scheme, "fsspec")
        raise AqError(
            f"{scheme}:// needs a package that is not here: pip install {package}; or publish to a"
            " folder and copy that"
        ) from None
    except ValueError as error:
        raise AqError(f"{address}: {error}") from None
    return Remote(files, root)
