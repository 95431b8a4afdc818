"""How good the forecasts were: in a citizen's words, and in the measures of the field."""

from collections.abc import Sequence
from html import escape

from aq.domain.forecast_measures import Measure
from aq.i18n import Text
from aq.queries.official import VERIFIED, Group
from aq.web.parts.tables import titled
from aq.web.wording.korean import N_, province_name

LEADS = {0: N_("same day"), 1: N_("one day ahead"), 2: N_("two days ahead")}
SEASONS = {
    "spring": N_("spring"),
    "summer": N_("summer"),
    "autumn": N_("autumn"),
    "winter": N_("winter"),
}
# Forecasts of Seoul from 2017-01-01 to 2018-03-26, all issues: how many, how many had the grade
# wrong. National Institute of Environmental Research, in the press release of the member of
# parliament Choi Do-ja of 2018-04-01 (choidoja.com/community/15818), read in November 2026.
SEOUL_2017 = {0: (3600, 335), 1: (2384, 487), 2: (584, 151)}


def in_words(groups: Sequence[Group], text: Text) -> str:
    """Of ten days how many had the grade that was forecast, against saying tomorrow is as today."""
    lines = "".join(
        f"<li>{escape(_sentence(group, text))}</li>"
        for group in sorted(_together(groups), key=_order)
        if group.measures.hit_rate.value is not None
    )
    return f"<ul>{lines}</ul>" if lines else ""


def _sentence(group: Group, text: Text) -> str:
    measures = group.measures
    right = round(10 * (measures.hit_rate.value or 0))
    sentence = text(
        "{what}, {lead}: about {n} of 10 days had the grade forecast.",
        what=text.pollutant(group.pollutant),
        lead=text(LEADS[group.lead]),
        n=right,
    )
    skill = measures.skill_persistence
    if skill.low is None or skill.high is None:
        return sentence
    if skill.low > 0:
        return f"{sentence} " + text("That is better than taking the last day’s grade.")
    if skill.high < 0:
        return f"{sentence} " + text("That is worse than taking the last day’s grade.")
    return f"{sentence} " + text("That is no clear difference from taking the last day’s grade.")


def _together(groups: Sequence[Group]) -> list[Group]:
    return [group for group in groups if group.province is None and group.season is None]


def in_numbers(groups: Sequence[Group], text: Text) -> str:
    """The measures by lead, season and province, and the yardstick; one click away."""
    head = [
        *(text("Forecast"), text("Days"), text("Grade right"), "POD", "FAR", "CSI", text("Bias")),
        *(text("Skill, persistence"), text("Skill, climatology")),
    ]
    body = ""
    for title, those in (
        (text("All provinces: measures"), _together(groups)),
        (text("By season: measures"), [group for group in groups if group.season]),
        (text("By province: measures"), [group for group in groups if group.province]),
    ):
        rows = [_row(group, text) for group in sorted(those, key=_order)]
        body += titled(title, head, rows, text, numbers=True)
    note = text(
        "In brackets the 95 % interval, by 1,000 draws of whole weeks; none with fewer than 28"
        " days. POD, FAR, CSI and bias are of grade C or worse. Persistence takes the last whole"
        " day before the issue, climatology the commonest grade of the province and season here."
    )
    yardstick = "; ".join(
        text(
            "{lead} {share} % of {n}",
            lead=text(name),
            share=_share(lead),
            n=f"{SEOUL_2017[lead][0]:,}",
        )
        for lead, name in LEADS.items()
    )
    seoul = text(
        "For comparison: in Seoul from January 2017 to March 2018 14.8 % of 6,568"
        " forecasts had the grade wrong ({leads}); National Institute of Environmental"
        " Research, told by the member of parliament Choi Do-ja on Sun 1 April 2018.",
        leads=yardstick,
    )
    words = f'<p class="muted">{escape(note)}</p><p class="muted">{escape(seoul)}</p>'
    return f"<details><summary>{escape(text('In numbers'))}</summary>{body}{words}</details>"


def _share(lead: int) -> str:
    all_, wrong = SEOUL_2017[lead]
    return f"{100 * wrong / all_:.1f}"


def _order(group: Group) -> tuple[int, int, int, str]:
    province = group.province.id if group.province else 0
    return VERIFIED.index(group.pollutant), province, group.lead, group.season or ""


def _row(group: Group, text: Text) -> list[str]:
    place = province_name(group.province, text.lang) if group.province else ""
    season = text(SEASONS[group.season]) if group.season else ""
    parts = (place, season, text.pollutant(group.pollutant), text(LEADS[group.lead]))
    measures = group.measures
    cells = (
        ", ".join(part for part in parts if part),
        f"{measures.days:,}",
        *(
            _cell(each, 100)
            for each in (measures.hit_rate, measures.pod, measures.far, measures.csi)
        ),
        *(
            _cell(each, 1)
            for each in (measures.bias, measures.skill_persistence, measures.skill_climatology)
        ),
    )
    return [escape(cell) for cell in cells]


def _cell(measure: Measure, times: int) -> str:
    """A measure with its interval; shares in per cent."""
    if measure.value is None:
        return "–"
    digits, unit = (0, " %") if times == 100 else (2, "")

    def plain(value: float) -> str:
        return f"{value * times:.{digits}f}"

    if measure.low is None or measure.high is None:
        return plain(measure.value) + unit
    return f"{plain(measure.value)}{unit} ({plain(measure.low)}–{plain(measure.high)})"
