"""Explanations of grades as sentences."""

from collections.abc import Mapping
from dataclasses import replace

from aq.domain.explanation import MISSING_HOURS, Explanation, Hour, OverallExplanation
from aq.domain.grading import Explanation as Ruling
from aq.domain.standards import Row
from aq.domain.windows import OVERALL
from aq.i18n import Text, text_in
from aq.queries.confidence import confidence_fields
from aq.queries.evidence import COUNTS, FLAGGED, NO_NETWORK, NO_VALUE, ROADSIDE, Evidence
from aq.web.wording.korean import edge_words, long_hour

# How a mean is taken, by averaging time; the sentences are in the message catalogue.
MEANS: Mapping[str, str] = {
    "1h": "the hour's own value",
    "8h": "mean of 8 hours",
    "24h": "mean of 24 hours",
    "24h-predicted": "predicted 24 h mean: half the mean of 12 hours, half that of the last 4,"
    " in which high hours near it count three quarters",
    "nowcast": "NowCast: the last 12 hours, the newer the heavier",
}


def _lines(explanation: Explanation, text: Text) -> list[str]:
    title = text(
        "{name} by {standard}",
        name=text.pollutant(explanation.pollutant),
        standard=_named(explanation, text),
    )
    lines = [title, text("How: {how}", how=text(MEANS[explanation.averaging]))]
    lines.append(
        text("Hours with a value: {n} of {all}", n=explanation.hours, all=explanation.expected)
        + _least(explanation, text)
    )
    lines += [
        f"  {long_hour(text, hour.at)}  {_shown(hour, explanation.unit, text)}"
        for hour in explanation.inputs
    ]
    if explanation.value is not None:
        lines.append(text("Mean: {value} {unit}", value=explanation.value, unit=explanation.unit))
    lines += (
        _ruled(explanation.ruling, text) if explanation.ruling else [_without(explanation, text)]
    )
    lines += [text("Source: {what}", what=source) for source in told_sources(explanation, text)]
    lines += [text("Not verified: {what}", what=text(doubt)) for doubt in explanation.unverified]
    return lines


def told_sources(explanation: Explanation, text: Text) -> list[str]:
    """The sources of the standard, what was read of each in the reader's language."""
    return [str(replace(source, what=text(source.what))) for source in explanation.sources]


def _shown(hour: Hour, unit: str, text: Text) -> str:
    return text("no value") if hour.value is None else f"{hour.value} {unit}"


def _named(explanation: Explanation | OverallExplanation, text: Text) -> str:
    version = f"{explanation.standard} {explanation.version}, {explanation.hash[:12]}"
    return f"{explanation.title[text.lang]} ({version})"


def _least(explanation: Explanation, text: Text) -> str:
    if explanation.needed is None:
        return text("; two of the newest three are needed")
    return text("; {n} are needed", n=explanation.needed)


def _ruled(ruling: Ruling, text: Text) -> list[str]:
    how = {"half_up": text("rounded, halves up"), "truncate": text("cut off")}[ruling.rounding]
    lines = [
        text(
            "At the standard's precision ({how}, decimals: {digits}): {value} {unit}",
            how=how,
            digits=ruling.digits,
            value=ruling.rounded,
            unit=ruling.unit,
        ),
        text("Row of the table: {row} {unit}", row=_row(ruling.row), unit=ruling.unit),
    ]
    if ruling.formula:
        lines.append(text("Index: {formula}", formula=ruling.formula))
    word = ruling.labels[text.lang]
    lines.append(
        text("Grade {grade}: {letter} {word}", grade=ruling.grade, letter=ruling.letter, word=word)
    )
    return lines


def _row(row: Row) -> str:
    return f"{row.low} –" if row.high is None else f"{row.low} – {row.high}"


def _without(explanation: Explanation, text: Text) -> str:
    if explanation.reason == MISSING_HOURS:
        return text("No grade: not enough hours")
    return text("No grade: the standard has no row for this value")


def _overall_lines(explanation: OverallExplanation, text: Text) -> list[str]:
    result = explanation.result
    lines = [
        text(
            "{name} by {standard}", name=text.pollutant(OVERALL), standard=_named(explanation, text)
        )
    ]
    for part in result.parts:
        number = text("grade {grade}", grade=part.grade) if part.index is None else str(part.index)
        lines.append(f"  {text.pollutant(part.pollutant)}: {number}")
    if result.missing:
        names = ", ".join(text.pollutant(key) for key in result.missing)
        lines.append(text("No index: {names} missing", names=names))
    if result.dominant:
        lines.append(text("Decided by {name}", name=text.pollutant(result.dominant)))
    if result.surcharge:
        lines.append(text("Added for several bad pollutants: {n}", n=result.surcharge))
    if result.index is not None:
        lines.append(text("Index: {formula}", formula=result.index))
    if result.grade and explanation.labels:
        word = explanation.labels[text.lang]
        lines.append(
            text(
                "Grade {grade}: {letter} {word}",
                grade=result.grade,
                letter=explanation.letter,
                word=word,
            )
        )
    return lines


def explanation_text(explained: Explanation | OverallExplanation, lang: str) -> str:
    """An explanation as lines for people; of an index the result first, then each pollutant."""
    text = text_in(lang)
    if isinstance(explained, Explanation):
        return "\n".join(_lines(explained, text))
    blocks = [_overall_lines(explained, text), *(_lines(part, text) for part in explained.parts)]
    return "\n\n".join("\n".join(block) for block in blocks)


def archived_words(file: str, text: Text) -> str:
    """That the stations of an hour stand in an archive that cannot be read here."""
    return text(
        "The stations of this hour stand in the archive {file}, which cannot be read here; the"
        " province's mean is whole.",
        file=file,
    )


# How a station takes part -> words of the message catalogue.
PARTS = {
    COUNTS: "counts",
    ROADSIDE: "does not count: not an urban-air station",
    NO_NETWORK: "does not count: its network is not known",
    FLAGGED: "does not count: flagged",
    NO_VALUE: "no value",
}


def _confidence_lines(evidence: Evidence, text: Text) -> list[str]:
    """How sure an hour's own mean is."""
    sure, explained = evidence.confidence, evidence.explanation
    if sure is None or not isinstance(explained, Explanation):
        return []
    told, lines = confidence_fields(explained.pollutant, sure), []
    unit = explained.unit
    if told["standard_error"] is not None:
        lines.append(
            text("Standard error: {value} {unit}", value=told["standard_error"], unit=unit)
        )
    if told["mean_low"] is not None:
        low, high = told["mean_low"], told["mean_high"]
        lines.append(
            text("Without any one station: {low} to {high} {unit}", low=low, high=high, unit=unit)
        )
    edge = edge_words(
        text, evidence.standard, (told["grade_low"], told["grade_high"]), sure.one_station
    )
    if told["grade_low"] is not None:
        lines.append(text("How sure the grade is: {words}", words=edge or text("sure")))
    return lines


def evidence_text(evidence: Evidence, text: Text) -> str:
    """Whose hour, the explanation, and each station's part in it, as lines for people."""
    province = evidence.province
    name = province.ko if text.lang == "ko" else province.en
    lines = [f"{name} · {text.hour(evidence.at)} · {text.feed(evidence.feed)}"]
    if not evidence.in_force:
        lines.append(text("This standard was not in force then."))
    lines.append(explanation_text(evidence.explanation, text.lang))
    lines += [
        f"  {witness.station:12} {witness.value if witness.value is not None else '–':>8}"
        f"  {text(PARTS[witness.part])}{': ' + witness.flag if witness.flag else ''}"
        for witness in evidence.stations
    ]
    lines += _confidence_lines(evidence, text)
    if evidence.archive:
        lines.append(archived_words(evidence.archive, text))
    return "\n".join(lines)
