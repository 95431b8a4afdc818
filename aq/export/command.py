"""An export to a file or a stream, with its manifest; and asking a file's question again."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from aq.context import Context
from aq.domain.errors import InputError
from aq.export.files import WriteError, beside, copy, digest_of, why_not
from aq.export.manifest import manifest, manifest_bytes, manifest_path, read_manifest, software
from aq.export.pipeline import Progress, Tally, answer
from aq.export.query import ExportQuestion, from_dict


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """What was written: file and manifest (None for a stream, and without one)."""

    file: Path | None
    manifest: Path | None
    content: dict[str, Any]

    def as_dict(self) -> dict[str, Any]:
        """In JSON's types, for a report."""
        return {
            "file": str(self.file) if self.file else None,
            "manifest": str(self.manifest) if self.manifest else None,
            **{name: self.content[name] for name in ("rows", "min_time", "max_time")},
            **{name: self.content[name] for name in ("as_of", "bytes", "sha256")},
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """Whether file and answer are still what the manifest says, and a sentence about it."""

    same: bool
    what: str  # same, file_changed, answer_changed
    text: str


def export(
    context: Context,
    question: ExportQuestion,
    target: Path | None,
    manifest_at: Path | None,
    stream: BinaryIO,
    progress: Progress = lambda _share: None,
) -> Done:
    """Write the answer to `target`, or to `stream` when that is None, and then the manifest.

    Raises `WriteError` when a file cannot be written; no half file is left.
    """
    tally = Tally()
    pieces = answer(context.store, question, tally, progress)
    if target is None:
        digest, size = _streamed(pieces, stream)
    else:
        manifest_at = manifest_at or manifest_path(target)
        with beside(target) as file:
            digest, size = copy(pieces, file.write)
    name = target.name if target else None
    content = manifest(context, question, tally, digest, size, name)
    if manifest_at is not None:
        with beside(manifest_at) as file:
            file.write(manifest_bytes(content))
    return Done(file=target, manifest=manifest_at, content=content)


def _streamed(pieces: Iterator[bytes], stream: BinaryIO) -> tuple[str, int]:
    try:
        digest = copy(pieces, stream.write)
        stream.flush()
    except BrokenPipeError:
        raise  # the reader has enough; no error of ours
    except OSError as error:
        raise WriteError(why_not("standard output", error)) from None
    return digest


def verify(
    context: Context,
    file: Path,
    manifest_at: Path | None = None,
    progress: Progress = lambda _share: None,
) -> Verdict:
    """Compare a file with its manifest, and the manifest with the question asked again.

    Raises `InputError` when file or manifest is missing or cannot be read.
    """
    content = read_manifest(manifest_at or manifest_path(file))
    try:
        expected, question = str(content["sha256"]), from_dict(context, content["question"])
        digest = digest_of(file)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise InputError(f"the manifest of {file} lacks or garbles {error}", "manifest") from None
    except OSError as error:
        raise InputError(f"{file} cannot be read: {error.strerror}", "file") from None
    if digest != expected:
        return Verdict(
            same=False,
            what="file_changed",
            text=f"the file has changed: {file} is not what was exported (SHA-256 {digest[:12]}…,"
            f" its manifest says {expected[:12]}…)",
        )
    again, _ = copy(answer(context.store, question, Tally(), progress), lambda _piece: None)
    if again != expected:
        return Verdict(
            same=False,
            what="answer_changed",
            text=f"the answer has changed: asked again of store version {question.version}, the"
            f" question of {file} gives other bytes{_because(content, question)}",
        )
    return Verdict(
        same=True,
        what="same",
        text=f"{file}: same bytes as store version {question.version} gives",
    )


def _because(content: dict[str, Any], question: ExportQuestion) -> str:
    """What is known to differ from the day of the export."""
    standard = question.standard
    reasons = [
        f"the file of standard {standard.id} is another"
        for one in content.get("standards", ())
        if one.get("id") == standard.id and one.get("hash") != standard.hash
    ]
    for name, release in content.get("software", {}).items():
        present = software(question.format).get(name)
        if present != release:
            reasons.append(f"{name} is {present}, then {release}")
    return f" ({'; '.join(reasons)})" if reasons else ""
