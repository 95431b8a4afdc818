"""Where a published folder stands: on this machine, or at an address that fsspec can write."""

import fcntl
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import unquote, urlsplit

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

    def is_taken(self, path: str) -> bool:
        """Whether something stands there that no pass of ours has left."""

    def write(self, path: str, body: bytes, media_type: str) -> None:
        """Put a file there, whole or not at all. Raises `WriteError`."""

    def remove(self, path: str) -> None:
        """Take a file away."""

    def finish(self) -> None:
        """Do what waits for all the rest to be ready. Raises `WriteError`."""


class Folder:
    """A folder of this machine. What is written stands beside until all of it does, so that a full
    disk or a folder that is shut leaves everything as it was.

    `unfinished` says that a pass died or broke off there: files of ours may lack in its manifest.
    """

    def __init__(self, root: Path, *, unfinished: bool = False) -> None:
        self._root, self.unfinished = root, unfinished
        self._steps: list[tuple[Path, Callable[[], object]]] = []

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

    def is_taken(self, path: str) -> bool:
        """Whether something stands there that no pass of ours has left."""
        return not self.unfinished and (self._root / path).exists()

    def write(self, path: str, body: bytes, media_type: str) -> None:
        """Write a file beside, to be renamed at the end. Raises `WriteError`."""
        del media_type  # a web server tells it by the name
        target = self._root / path
        part = self._root / UNDER_WAY / str(len(self._steps))
        try:
            if not target.parent.is_dir():
                target.parent.mkdir(parents=True)
            part.write_bytes(body)
        except (FileExistsError, NotADirectoryError):
            raise WriteError(
                f"{target} cannot be written: a file stands where its folder should. Nothing is"
                " kept"
            ) from None
        except OSError as error:
            raise WriteError(why_not(target, error)) from None
        self._steps.append((target, partial(part.replace, target)))

    def remove(self, path: str) -> None:
        """Take a file away, at the end."""
        target = self._root / path
        self._steps.append((target, partial(target.unlink, missing_ok=True)))

    def finish(self) -> None:
        """Put what was written into its place, in the order it was written in."""
        self.unfinished = True
        for done, (target, step) in enumerate(self._steps):
            try:
                step()
            except OSError as error:
                raise WriteError(
                    f"{target} cannot be renewed: {error.strerror or error}. {done} of"
                    f" {len(self._steps)} files were renewed before it and the manifest was not;"
                    " the next pass renews them all"
                ) from None
        self.unfinished = False


class Remote:
    """An address that a package beside fsspec can write, such as s3://bucket/air.

    An object is put there as a whole by the store itself, at once.
    """

    def __init__(self, files: Any, root: str) -> None:
        self._files, self._root = files, root.rstrip("/")

    def read(self, path: str) -> bytes | None:
        """The content of a file, None where there is none."""
        content: bytes | None = self._asked("read", path, self._files.cat_file)
        return content

    def size(self, path: str) -> int | None:
        """The size of a file [bytes], None where there is none."""
        found = self._asked("read", path, self._files.info)
        return int(found["size"]) if found else None

    def is_taken(self, path: str) -> bool:
        """Never: a pass that died leaves no sign there by which its objects are known as ours."""
        del path
        return False

    def write(self, path: str, body: bytes, media_type: str) -> None:
        """Put a file there. Raises `WriteError`."""
        named = {"ContentType": media_type} if "s3" in self._files.protocol else {}
        self._asked("written", path, self._files.pipe_file, body, **named)

    def remove(self, path: str) -> None:
        """Take a file away."""
        self._asked("removed", path, self._files.rm_file)

    def finish(self) -> None:
        """Nothing waits."""

    def _asked(
        self, what: str, path: str, call: Callable[..., Any], *more: Any, **named: Any
    ) -> Any:
        """What a call of the package gives, None where there is no such file."""
        where = f"{self._root}/{path}"
        try:
            return call(where, *more, **named)
        except FileNotFoundError:
            if what == "written":
                raise WriteError(f"{where} cannot be written: there is no such place") from None
            return None
        except Exception as error:  # each package has errors of its own
            raise WriteError(
                f"{where} cannot be {what}: {type(error).__name__}: {error}. What was written"
                " before it stays; the next pass renews it"
            ) from None


@contextmanager
def opened(address: str) -> Iterator[Target]:
    """The place at a path or an address, for one that publishes at a time.

    Raises `AqError` where it cannot be written, somebody publishes there, or a package is missing.
    """
    scheme, separator, _ = address.partition("://")
    if separator and scheme != "file":
        yield _remote(address, scheme)
        return
    root = Path(unquote(urlsplit(address).path) if separator else address)
    under_way = root / UNDER_WAY
    unfinished = under_way.exists()
    try:
        under_way.mkdir(parents=True, exist_ok=True)
        lock = (under_way / "lock").open("w")
    except OSError as error:
        raise WriteError(why_not(root, error)) from None
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise AqError(f"{root}: another process publishes there now; wait for it") from None
        folder = Folder(root, unfinished=unfinished)
        try:
            yield folder
        finally:
            if not folder.unfinished:  # else the next pass knows by it whose the files are
                shutil.rmtree(under_way, ignore_errors=True)


def _remote(address: str, scheme: str) -> Remote:
    if scheme in ("http", "https"):
        raise AqError(f"{address}: a web server takes no files; name a folder, or s3://bucket/path")
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
    except Exception as error:  # a package that calls at once
        raise AqError(f"{address} cannot be reached: {type(error).__name__}: {error}") from None
    return Remote(files, root)
