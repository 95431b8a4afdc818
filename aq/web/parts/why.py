"""Why a province has its grade: the window, the rule in numbers, and its stations."""

from collections.abc import Iterable, Mapping
from html import escape

from aq.domain.clock import kst_day
from aq.domain.explanation import Explanation, OverallExplanation
from aq.domain.model import URBAN
from aq.domain.quality import ECHO, FUTURE, IMPLAUSIBLE, JOIN, SPIKE, STUCK
from aq.i18n import Text
from aq.queries.evidence import Evidence, Witness
from aq.web.parts import cache
from aq.web.parts.tables import table
from aq.web.wording.explanation import MEANS, PARTS, archived_words, told_sources
from aq.web.wording.korean import N_, flag_word, number, short_hour

ROUNDINGS: Mapping[str, str] = {"half_up": N_("rounded, halves up"), "truncate": N_("cut off")}
NETWORKS: Mapping[str, str] = {
    URBAN: N_("urban"),
    "도로변대기": N_("roadside"),
    "교외대기": N_("suburban"),
    "국가배경농도": N_("background"),
    "항만": N_("port"),
    "항만대기": N_("port"),
}
FLAGS: Mapping[str, str] = {
    IMPLAUSIBLE: N_("out of the plausible range"),
    FUTURE: N_("lies in the future"),
    STUCK: N_("the same value for hours"),
    ECHO: N_("repeats an earlier hour"),
    SPIKE: N_("far above its neighbours"),
}


def markup(found: Evidence, text: Text) -> str:
    """The rule with its numbers, then the stations."""
    story = found.explanation
    lines = _overall(story, text) if isinstance(story, OverallExplanation) else _one(story, text)
    body = "".join(
        f"<div><dt>{escape(label)}</dt><dd>{'<br>'.join(escape(one) for one in said)}</dd></div>"
        for label, said in lines
        if said
    )
    away = f"<p>{escape(archived_words(found.archive, text))}</p>" if found.archive else ""
    return f'<dl class="proof">{body}</dl>{away}{_stations(found, text)}'


Lines = list[tuple[str, list[str]]]


def _one(story: Explanation, text: Text) -> Lines:
    value = [] if story.value is None else [f"{story.value} {story.unit}"]
    return [
        (text("Mean taken"), [text(MEANS[story.averaging]), _completeness(story, text)]),
        (text("Hours"), _hours(story, text)),
        (text("Mean value"), value),
        *_ruling(story, text),
        (text("Standard"), [_named(story, text)]),
        *_standing(story, text),
    ]


def _standing(story: Explanation, text: Text) -> Lines:
    """What the standard itself stands on."""
    return [
        (text("Sources of the standard"), told_sources(story, text)),
        (text("Not verified"), [text(doubt) for doubt in story.unverified]),
    ]


def _completeness(story: Explanation, text: Text) -> str:
    counted = text("Hours with a value: {n} of {all}", n=story.hours, all=story.expected)
    if story.needed is None:
        return counted + text("; two of the newest three are needed")
    return counted + text("; {n} are needed", n=story.needed)


def _hours(story: Explanation, text: Text) -> list[str]:
    """The hours of a window, a line for each day; none where the hour stands alone."""
    if len(story.inputs) < 2:
        return []
    days: dict[object, list[str]] = {}
    for one in story.inputs:
        amount = "–" if one.value is None else str(one.value)
        told = f"{short_hour(text, one.at)} {amount}"
        days.setdefault(kst_day(one.at), []).append(told)
    return [" · ".join(told) for told in days.values()]


def _ruling(story: Explanation, text: Text) -> Lines:
    ruling = story.ruling
    if ruling is None:
        why = (
            text("No grade: not enough hours")
            if story.reason == "not_enough_hours"
            else text("No grade: the standard has no row for this value")
        )
        return [(text("Level"), [why])]
    row = (
        f"{ruling.row.low} –"
        if ruling.row.high is None
        else f"{ruling.row.low} – {ruling.row.high}"
    )
    how = text(ROUNDINGS[ruling.rounding])
    digits = text("{how}, decimals: {digits}", how=how, digits=ruling.digits)
    return [
        (text("At the standard's digits"), [f"{ruling.rounded} {ruling.unit} ({digits})"]),
        (text("Row of the table"), [f"{row} {ruling.unit}"]),
        (text("index"), [ruling.formula] if ruling.formula else []),
        (text("Level"), [f"{ruling.letter} {ruling.labels[text.lang]}"]),
    ]


def _overall(story: OverallExplanation, text: Text) -> Lines:
    result = story.result
    parts = [_part(part, text) for part in story.parts]
    missing = ", ".join(text.pollutant(key) for key in result.missing)
    added = text("Added for several bad pollutants: {n}", n=result.surcharge)
    level = [f"{story.letter} {story.labels[text.lang]}"] if story.labels else []
    dominant = [text.pollutant(result.dominant)] if result.dominant else []
    index = [] if result.index is None else [str(result.index)]
    return [
        (text("Each pollutant"), parts),
        (text("deciding pollutant"), dominant),
        (text("index"), [*index, *([added] if result.surcharge else [])]),
        (text("Level"), level),
        (text("Missing"), [missing] if missing else []),
        (text("Standard"), [_named(story, text)]),
        *(_standing(story.parts[0], text) if story.parts else []),
    ]


def _part(story: Explanation, text: Text) -> str:
    name, ruling = text.pollutant(story.pollutant), story.ruling
    if ruling is None or story.value is None:
        return f"{name} –"
    result = ruling.formula or f"{ruling.letter} {ruling.labels[text.lang]}"
    return f"{name} {story.value} {story.unit}: {result}"


def _named(story: Explanation | OverallExplanation, text: Text) -> str:
    return f"{story.title[text.lang]} ({story.standard}, {story.version}, {story.hash[:12]})"


def _stations(found: Evidence, text: Text) -> str:
    if not found.stations:
        none = text("A model computed these values; they are from no station.")
        return f"<p>{escape(none)}</p>"
    key = _station_pollutant(found)
    title = text("Stations, hourly values of {what}", what=text.pollutant(key))
    columns = (
        text("Station"),
        text("Network"),
        text("Value"),
        text("Our level"),
        text("AirKorea's"),
        text("Counted?"),
    )
    head = "".join(f'<th scope="col">{escape(column)}</th>' for column in columns)
    rows = "".join(_station(one, key, text) for one in _ordered(found.stations))
    return f"<h3>{escape(title)}</h3>{table(title, f'<tr>{head}</tr>', rows, text)}"


def _station_pollutant(found: Evidence) -> str:
    story = found.explanation
    if isinstance(story, Explanation):
        return story.pollutant
    return story.result.dominant or story.parts[0].pollutant


def _ordered(stations: Iterable[Witness]) -> list[Witness]:
    """Those that count first, the highest value first."""
    return sorted(
        stations,
        key=lambda station: (station.part != "counts", -(station.value or 0.0), station.station),
    )


def _station(witness: Witness, key: str, text: Text) -> str:
    counted = text(PARTS[witness.part])
    why = flag_words(witness.flag, text)
    network = text(NETWORKS.get(witness.network or "", witness.network or "")) or "–"
    differs = witness.grade and witness.upstream_grade and witness.grade != witness.upstream_grade
    theirs = _level(witness.upstream_grade, text)
    cells = (
        escape(network),
        escape(number(witness.value, cache.shown_digits(key, "airkorea_1h"))),
        escape(_level(witness.grade, text)),
        f"<b>{escape(theirs)} · {escape(text('differs'))}</b>" if differs else escape(theirs),
        escape(f"{counted}: {why}" if why else counted),
    )
    body = "".join(f"<td>{cell}</td>" for cell in cells)
    return f'<tr><th scope="row">{escape(witness.station)}</th>{body}</tr>'


def _level(grade: int | None, text: Text) -> str:
    """Both grades of a station's hour are of the four-level hourly standard."""
    if not grade:
        return "–"
    level = cache.context().standards["airkorea_1h"].level(grade)
    return f"{level.letter} {level.label(text.lang)}"


def flag_words(flag: str | None, text: Text) -> str:
    """A value's flags in the reader's language; empty without any."""
    return ", ".join(_flag(word, text) for word in flag.split(JOIN)) if flag else ""


def _flag(word: str, text: Text) -> str:
    kind, _, said = word.partition(":")
    if kind == "source":
        return flag_word(text, said)
    return text(FLAGS.get(kind, kind))
