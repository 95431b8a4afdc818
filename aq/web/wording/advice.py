"""What a level means for a day outdoors: for everyone first, then by group.

The sense follows the authority's guidance by forecast grade (AirKorea, 미세먼지 예보등급별
행동요령 and 오존 행동요령, read November 2026); the words are ours. A mask keeps particles out and
no gas, so it is named for particles alone.
"""

from collections.abc import Mapping, Sequence

from aq.domain import advisories
from aq.domain.model import Advisory
from aq.domain.standards import Standard
from aq.i18n import Text
from aq.queries.current import CurrentItem
from aq.web.wording.korean import N_

BAD, VERY_BAD = 3, 4
PARTICLES = ("pm10", "pm25")
GROUPS: Mapping[str, str] = {
    "asthma": N_("Asthma and lung disease"),
    "children": N_("Children"),
    "old": N_("Older people"),
    "outdoors": N_("Working outdoors"),
}
AT_BAD: Mapping[str, str] = {
    "asthma": N_("Keep your inhaler with you and rest at the first sign of trouble."),
    "children": N_("Keep play and sports outdoors short, or move them inside."),
    "old": N_("Put off long walks and take breaks."),
    "outdoors": N_("Take breaks indoors and do the hard work at another hour."),
}
AT_VERY_BAD: Mapping[str, str] = {
    "asthma": N_("Stay inside; ask your doctor before you must go out."),
    "children": N_("No play or sports outdoors today."),
    "old": N_("Stay inside; see a doctor when breathing is hard or the chest is tight."),
    "outdoors": N_("Put off hard work outdoors where you can."),
}


def severity(items: Sequence[CurrentItem], acts: Sequence[Advisory], standard: Standard) -> int:
    """1 to 4: the worst of a province's pollutants on a scale of four, raised to what the acts in
    force there stand for (an advisory is bad, a warning very bad); 0 where nothing is known."""
    worst = max((item.grade or 0 for item in items), default=0)
    scaled = -(-worst * 4 // len(standard.levels))
    acted = max((BAD if advisories.level(act) == 1 else VERY_BAD for act in acts), default=0)
    return max(scaled, acted)


def everyone(level: int, standard: Standard, text: Text) -> list[str]:
    """The sentence for all and the one for those who must take care, of a standard in four."""
    if not level:
        return []
    words = standard.level(level)
    advice, sensitive = words.advice.get(text.lang), words.sensitive.get(text.lang)
    lines = [advice] if advice else []
    if sensitive:
        lines.append(text("Sensitive groups: {advice}", advice=sensitive))
    return lines


def by_group(level: int, pollutants: Sequence[str], text: Text) -> list[tuple[str, str]]:
    """(group, sentence) from bad air on; `pollutants` are those that make the level."""
    table = {BAD: AT_BAD, VERY_BAD: AT_VERY_BAD}.get(level)
    if table is None:
        return []
    lines = [(text(GROUPS[group]), text(sentence)) for group, sentence in table.items()]
    if any(key in PARTICLES for key in pollutants):
        mask = text("Wear a mask against fine dust (KF80 or better).")
    else:
        mask = text("A mask does not keep ozone or other gases out.")
    return [*lines, (text("Mask"), mask)]
