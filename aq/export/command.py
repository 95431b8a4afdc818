"""An export to a file or a stream, with its manifest; and asking a file's question again."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, BinaryIO
from zipfile import is_zipfile

from aq.context import Context
from aq.domain.errors import InputError
from aq.export.columns import READINGS
from aq.export.files import WriteError, beside, copy, digest_of, why_not
from aq.export.manifest import manifest, manifest_bytes, manifest_path, read_manifest, software
from aq.export.package import Table, package_bytes, unpacked
from aq.export.pipeline import Progress, Tally, answer
from aq.export.query import ExportQuestion, from_dict
from aq.export.recheck import compare


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


# What `--verify` finds, the worst last.
VERDICTS = ("same", "same_content", "grades_changed", "answer_changed", "file_changed")


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """Whether file and answer are still what the manifest says, and a sentence about it."""

    same: bool
    what: str  # one of `VERDICTS`
    text: str
    rules: dict[str, int] = field(default_factory=dict)  # rows with another grade, by rule


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


def export_zip(
    context: Context,
    questions: Sequence[ExportQuestion],
    target: Path | None,
    stream: BinaryIO,
    progress: Progress = lambda _share: None,
) -> list[Done]:
    """Write the answers of some questions to a zip, with their manifests and datapackage.json.

    Raises `InputError` for formats that are not packaged, `WriteError` like `export`.
    """
    tables: list[Table] = []
    pieces = package_bytes(context, questions, tables, progress)
    if target is None:
        _streamed(pieces, stream)
    else:
        with beside(target) as file:
            copy(pieces, file.write)
    return [Done(file=target, manifest=None, content=dict(table.manifest)) for table in tables]


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

    Of a zip all tables are asked again. Raises `InputError` when file or manifest is missing or
    cannot be read.
    """
    if file.suffix == ".zip" and is_zipfile(file):
        with TemporaryDirectory(prefix="aq-verify-") as folder:
            tables = unpacked(file, Path(folder))
            verdicts = [verify(context, table, None, progress) for table in tables]
        worst = max(verdicts, key=lambda verdict: VERDICTS.index(verdict.what))
        return replace(
            worst,
            text=f"{file}: "
            + "; ".join(verdict.text for verdict in verdicts).replace(f"{folder}/", ""),
            rules=dict(sum((Counter(verdict.rules) for verdict in verdicts), Counter())),
        )
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
    with TemporaryDirectory(prefix="aq-verify-") as folder:
        today = Path(folder) / f"today.{question.format}"
        with today.open("wb") as target:
            again, _ = copy(answer(context.store, question, Tally(), progress), target.write)
        if again != expected:
            return _changed(content, question, file, today)
    return Verdict(
        same=True,
        what="same",
        text=f"{file}: same bytes as store version {question.version} gives",
    )


def _changed(content: dict[str, Any], question: ExportQuestion, file: Path, today: Path) -> Verdict:
    """What today's answer, of other bytes, has in common with a file."""
    because = _because(content, question)
    result = compare(file, today, question.format) if question.kind == READINGS else None
    if result is None or not result.same_values:
        return Verdict(
            same=False,
            what="answer_changed",
            text=f"the answer has changed: asked again of store version {question.version}, the"
            f" question of {file} gives other bytes{because}",
        )
    if not result.rules:
        return Verdict(
            same=True,
            what="same_content",
            text=f"{file}: the same values and grades as store version {question.version} gives;"
            f" the bytes are others{because}",
        )
    return Verdict(
        same=False,
        what="grades_changed",
        text=f"{file}: the same values as store version {question.version} gives; of"
        f" {result.rows:,} rows {result.regraded:,} have another grade today:"
        f" {result.text}{because}",
        rules=dict(result.rules),
    )


def _because(content: dict[str, Any], question: ExportQuestion) -> str:
    """What is known to differ from the day of the export."""
    hashes = {standard.get("id"): standard.get("hash") for standard in content.get("standards", ())}
    reasons = [
        f"the file of standard {standard.id} is another"
        for standard in question.standards
        if hashes.get(standard.id, standard.hash) != standard.hash
    ]
    for name, release in content.get("software", {}).items():
        present = software(question.format).get(name)
        if present != release:
            reasons.append(f"{name} is {present}, then {release}")
    return f" ({'; '.join(reasons)})" if reasons else ""
