"""Alerts for machines, on a real socket: state and log, an Atom feed, CAP 1.2 messages."""

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from xml.etree.ElementTree import Element

import feedparser
import pytest
import requests
from defusedxml.ElementTree import fromstring
from lxml import etree

from aq import app
from aq.alerts.channels import CapSettings
from aq.alerts.documents import CAP_SEVERITY, cap
from aq.alerts.status import log, same_alert_before
from aq.context import Context
from aq.domain.clock import HOUR, Clock
from aq.domain.model import URBAN, Reading, Station, YellowDust
from aq.paths import ROOT
from aq.queries.question import Given
from aq.store.yellow_dust import put_yellow_dust
from aq.web.api.alerts import alerts_atom
from tests.conftest import NOW
from tests.serving import HOUR_20, make_runtime, served, write

ATOM = "{http://www.w3.org/2005/Atom}"
CAP = "{urn:oasis:names:tc:emergency:cap:1.2}"
# The schema's order; ? at most once, * any number, + at least once, else exactly once.
ALERT = (
    "identifier sender sent status msgType source? scope restriction? addresses? code* note?"
    " references? incidents? info*"
)
INFO = (
    "language? category+ event responseType* urgency severity certainty audience? eventCode*"
    " effective? onset? expires? senderName? headline? description? instruction? web? contact?"
    " parameter* resource* area*"
)
AREA = "areaDesc polygon* circle* geocode* altitude? ceiling?"
PAIR = "valueName value"
WORDS = {
    "status": "Actual Exercise System Test Draft",
    "msgType": "Alert Update Cancel Ack Error",
    "scope": "Public Restricted Private",
    "category": "Geo Met Safety Security Rescue Fire Health Env Transport Infra CBRNE Other",
    "responseType": "Shelter Evacuate Prepare Execute Avoid Monitor Assess AllClear None",
    "urgency": "Immediate Expected Future Past Unknown",
    "severity": "Extreme Severe Moderate Minor Unknown",
    "certainty": "Observed Likely Possible Unlikely Unknown",
}
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[-+]\d\d:\d\d")


@pytest.fixture
def site(database_url: str) -> Iterator[tuple[str, Context]]:
    """Dust in 서울 that comes and goes, judged by the shipped rules hour by hour."""
    context = make_runtime(database_url)
    station = Station(name="서울 하나", sido="서울", network=URBAN)
    for back, value in ((9, 400), (8, 1600), (7, 1600), (6, 1600), (5, 400), (4, 400), (0, 1600)):
        write(
            context,
            Reading(station=station, hour=HOUR_20 - back * HOUR, values={"pm10": value}),
        )
        app.watch(context)
    with served(context) as address:
        yield address, context
    context.store.close()


def in_order(element: Element, grammar: str) -> None:
    """Fails unless an element's children are those of a grammar, in its order."""
    names = [child.tag.removeprefix(CAP) for child in element]
    pattern = "".join(
        f"(?:{re.escape(one.rstrip('?*+'))} ){one[-1] if one[-1] in '?*+' else ''}"
        for one in grammar.split()
    )
    assert re.fullmatch(pattern, "".join(f"{name} " for name in names)), names


def assert_cap(body: bytes) -> Element:
    """The rules of the CAP 1.2 schema and of the text around it."""
    root = fromstring(body)
    assert root.tag == f"{CAP}alert"
    in_order(root, ALERT)
    for info in root.iterfind(f"{CAP}info"):
        in_order(info, INFO)
        for name in ("parameter", "eventCode"):
            for pair in info.iterfind(f"{CAP}{name}"):
                in_order(pair, PAIR)
        for area in info.iterfind(f"{CAP}area"):
            in_order(area, AREA)
    for element in root.iter():
        name = element.tag.removeprefix(CAP)
        if name in WORDS:
            assert element.text in WORDS[name].split()
        if name in ("sent", "effective", "onset", "expires"):
            assert TIME.fullmatch(element.text or "")
        if name in ("identifier", "sender"):
            assert not re.search(r"[\s,<&]", element.text or "")
    scope = root.findtext(f"{CAP}scope")
    assert (scope == "Private") == (root.find(f"{CAP}addresses") is not None)
    assert (scope == "Restricted") == (root.find(f"{CAP}restriction") is not None)
    # What changes or ends something names it: sender,identifier,sent.
    named = root.findtext(f"{CAP}references")
    assert (root.findtext(f"{CAP}msgType") == "Alert") == (named is None)
    assert all(re.fullmatch(r"[^\s,<&]+,[^\s,<&]+,.+", one) for one in (named or "").split())
    return root


def assert_atom(body: bytes) -> None:
    """The rules of RFC 4287: its grammar, and what the text around it asks for."""
    grammar = etree.RelaxNG(etree.parse(ROOT / "tests" / "fixtures" / "atom.rng"))
    grammar.assertValid(etree.fromstring(body))
    feed = fromstring(body)
    for one in (feed, *feed.findall(f"{ATOM}entry")):
        targets = [
            (link.get("rel", "alternate"), link.get("type"), link.get("hreflang"))
            for link in one.findall(f"{ATOM}link")
        ]
        assert len(set(targets)) == len(targets)
    assert [link.get("rel") for link in feed.findall(f"{ATOM}link")] == ["self"]


@pytest.mark.parametrize(
    ("was", "becomes"),
    [
        (b"<updated>", b"<published>2026-01-01T00:00:00Z</published><updated>"),
        (b"+09:00</updated>", b"</updated>"),
        (b"<author><name>", b"<author><nickname>x</nickname><name>"),
        (b' term="', b' label="'),
    ],
)
def test_a_feed_that_breaks_the_rules_is_told_from_one_that_keeps_them(
    site: tuple[str, Context], was: bytes, becomes: bytes
) -> None:
    body = requests.get(f"{site[0]}/alerts.atom", timeout=10).content
    assert was in body
    with pytest.raises(etree.DocumentInvalid):
        assert_atom(body.replace(was, becomes, 1))


def test_state_and_log_by_page(site: tuple[str, Context]) -> None:
    address, context = site
    whole = requests.get(f"{address}/api/v1/alerts", timeout=60).json()
    assert [one["id"] for one in whole["items"]] == [one["id"] for one in log(context.store)]
    assert {"rule", "place", "phase", "since", "value"} <= set(whole["state"][0])
    seen, cursor = [], ""
    while cursor is not None:
        more = f"&cursor={cursor}" if cursor else ""
        part = requests.get(f"{address}/api/v1/alerts?limit=1{more}", timeout=60).json()
        seen += [one["id"] for one in part["items"]]
        cursor = part["next"]
    assert seen == [one["id"] for one in whole["items"]]


def test_the_log_is_filtered(site: tuple[str, Context]) -> None:
    address, _ = site
    ask = f"{address}/api/v1/alerts?province=Seoul&rule=pm10-warning&reason=resolved"
    items = requests.get(ask, timeout=60).json()["items"]
    assert items
    assert {one["reason"] for one in items} == {"resolved"}
    assert requests.get(f"{address}/api/v1/alerts?province=부산", timeout=60).json()["items"] == []


@pytest.mark.parametrize(
    ("query", "status", "field"),
    [
        ("rule=none", 400, "rule"),
        ("reason=worst", 400, "reason"),
        ("province=atlantis", 400, "province"),
        ("cursor=x", 400, "cursor"),
        ("limit=99999", 422, "limit"),
        ("since=yesterday", 400, "since"),
        ("colour=red", 400, "colour"),
    ],
)
def test_what_is_asked_wrongly_is_refused_by_name(
    site: tuple[str, Context], query: str, status: int, field: str
) -> None:
    answer = requests.get(f"{site[0]}/api/v1/alerts?{query}", timeout=60)
    assert answer.status_code in (status, 404 if field == "province" else status)
    assert answer.json()["error"]["field"] == field


def test_nothing_is_written_over_the_api(site: tuple[str, Context]) -> None:
    for method in ("POST", "PUT", "PATCH", "DELETE"):
        answer = requests.request(method, f"{site[0]}/api/v1/alerts", timeout=60)
        assert answer.status_code == 405


def test_the_feed_is_atom_with_an_entry_per_transition(site: tuple[str, Context]) -> None:
    address, context = site
    answer = requests.get(f"{address}/alerts.atom", timeout=60)
    assert answer.headers["content-type"].startswith("application/atom+xml")
    assert_atom(answer.content)
    feed = fromstring(answer.content)
    for name in ("id", "title", "updated"):
        assert len(feed.findall(f"{ATOM}{name}")) == 1
    assert feed.find(f"{ATOM}author/{ATOM}name") is not None
    entries = feed.findall(f"{ATOM}entry")
    assert len(entries) == len(log(context.store))
    ids = [entry.findtext(f"{ATOM}id") for entry in entries]
    assert len(set(ids)) == len(ids)
    for entry in entries:
        assert entry.findtext(f"{ATOM}title")
        assert datetime.fromisoformat(entry.findtext(f"{ATOM}updated") or "").tzinfo
    app.watch(context)
    again = fromstring(requests.get(f"{address}/alerts.atom", timeout=60).content)
    assert [one.findtext(f"{ATOM}id") for one in again.findall(f"{ATOM}entry")] == ids


def test_a_feed_reader_reads_it_and_asks_again_for_nothing(site: tuple[str, Context]) -> None:
    """What readers do, by one of them: feedparser, unmodified."""
    address, _ = site
    feed = feedparser.parse(f"{address}/alerts.atom?lang=en")
    assert (feed.status, feed.bozo, feed.version) == (200, False, "atom10")
    assert feed.feed.title_detail.language == "en"
    ids = [entry.id for entry in feed.entries]
    assert len(set(ids)) == len(ids) > 0
    for entry in feed.entries:
        assert entry.title
        assert entry.summary
        assert entry.updated_parsed
        assert entry.link.startswith(f"{address}/past?lang=en&p=KR-11&x=pm10&since=")
        (message,) = (link for link in entry.links if link.type == "application/cap+xml")
        assert requests.get(message.href, timeout=60).status_code == 200
    for kept in ({"etag": feed.etag}, {"modified": feed.modified}):
        again = feedparser.parse(f"{address}/alerts.atom?lang=en", **kept)
        assert (again.status, again.entries) == (304, [])
    ours = {"If-None-Match": '"another"', "If-Modified-Since": feed.modified}
    assert requests.get(f"{address}/alerts.atom", headers=ours, timeout=60).status_code == 200
    for no_date in ("yesterday", "Mon, 23 Nov 2026 20:00:00 -0000", "0"):
        asked = {"If-Modified-Since": no_date}
        assert requests.get(f"{address}/alerts.atom", headers=asked, timeout=60).status_code == 200


def test_news_reach_a_reader_that_knows_times_alone(database_url: str) -> None:
    """The feed's time grows, ids stay, and links lie below the base path."""
    context = make_runtime(database_url, AQ_BASE_PATH="air")
    station = Station(name="서울 하나", sido="서울", network=URBAN)
    dust = Reading(station=station, hour=HOUR_20, values={"pm10": 1600})
    write(context, *(replace(dust, hour=HOUR_20 - back * HOUR) for back in range(4)))
    app.watch(context)
    first = alerts_atom(context, Given({}))
    later = replace(context, clock=Clock(NOW + 2 * HOUR))
    later.store.clock = later.clock
    try:
        write(
            later, *(replace(dust, hour=HOUR_20 + n * HOUR, values={"pm10": 100}) for n in (1, 2))
        )
        app.watch(later)
        second = alerts_atom(later, Given({}))
    finally:
        context.store.close()
    was, now = (feedparser.parse(bytes(answer.body)) for answer in (first, second))
    assert now.feed.updated_parsed > was.feed.updated_parsed
    assert {entry.id for entry in was.entries} < {entry.id for entry in now.entries}
    links = [link.href for entry in now.entries for link in entry.links]
    assert {href.split("/api/")[0].split("/past")[0] for href in links} == {"/air"}
    times = [parsedate_to_datetime(answer.headers["Last-Modified"]) for answer in (first, second)]
    assert times == [NOW, NOW + 2 * HOUR]


def test_each_transition_is_a_valid_cap_message(site: tuple[str, Context]) -> None:
    address, context = site
    kinds = set()
    for one in log(context.store):
        answer = requests.get(f"{address}/api/v1/alerts/{one['id']}.cap", timeout=60)
        assert answer.headers["content-type"].startswith("application/cap+xml")
        root = assert_cap(answer.content)
        kind = root.findtext(f"{CAP}msgType")
        kinds.add(kind)
        assert root.findtext(f"{CAP}status") == "Exercise"
        assert root.findtext(f"{CAP}scope") == "Private"
        assert root.findtext(f"{CAP}info/{CAP}severity") == CAP_SEVERITY[one["severity"]]
        assert root.findtext(f"{CAP}info/{CAP}area/{CAP}geocode/{CAP}value") == "KR-11"
    assert {"Alert", "Cancel"} <= kinds


def test_a_cancellation_names_what_it_cancels(site: tuple[str, Context]) -> None:
    _, context = site
    found = log(context.store)
    ended = next(one for one in found if one["change"] == "resolved")
    began = next(
        one for one in found if one["change"] == "first" and one["since"] == ended["since"]
    )
    earlier = [began]
    root = assert_cap(cap(ended, earlier, CapSettings(), "https://air.example", simulated=False))
    named = root.findtext(f"{CAP}references")
    assert named == f"air-quality-17@localhost,aq17-{began['id']},{began['decided_at']}"
    assert [one["id"] for one in same_alert_before(context.store, began)] == []


def test_the_end_of_what_nobody_was_told_of_names_nothing(site: tuple[str, Context]) -> None:
    ended = next(one for one in log(site[1].store) if one["change"] == "resolved")
    root = assert_cap(cap(ended, [], CapSettings(), "https://air.example", simulated=False))
    assert root.findtext(f"{CAP}info/{CAP}responseType") == "AllClear"


def test_simulated_data_are_never_more_than_a_test(site: tuple[str, Context]) -> None:
    one = log(site[1].store)[0]
    settings = CapSettings(status="Actual", scope="Public")
    root = assert_cap(cap(one, [], settings, "", simulated=True))
    assert root.findtext(f"{CAP}status") == "Test"
    assert "모의" in (root.findtext(f"{CAP}info/{CAP}headline") or "")
    assert assert_cap(cap(one, [], settings, "", simulated=False)).findtext(f"{CAP}status") == (
        "Actual"
    )


def test_an_unknown_alert_is_a_404(site: tuple[str, Context]) -> None:
    assert requests.get(f"{site[0]}/api/v1/alerts/none.cap", timeout=60).status_code == 404


def test_an_act_of_yellow_dust_is_an_entry_without_level_or_end(
    site: tuple[str, Context],
) -> None:
    address, context = site
    before = len(fromstring(requests.get(f"{address}/alerts.atom", timeout=60).content))
    now = context.clock.now().replace(microsecond=0)
    recent = YellowDust(at=now - timedelta(days=3), told="x", sequence="2", areas="서울, 백령도")
    old = replace(recent, at=now - timedelta(days=30))
    with context.store.write("t") as txn:
        put_yellow_dust(txn, [recent, old])
    answer = requests.get(f"{address}/alerts.atom?lang=ko", timeout=60)
    assert_atom(answer.content)
    feed = fromstring(answer.content)
    entries = feed.findall(f"{ATOM}entry")
    assert len(feed) == before + 1
    term = [entry.find(f"{ATOM}category") for entry in entries]
    (entry,) = [
        entry
        for entry, category in zip(entries, term, strict=True)
        if category is not None and category.get("term") == "yellow_dust"
    ]
    assert entry.findtext(f"{ATOM}title", "").endswith("황사 발표: 서울, 백령도")
    assert "단계와 해제 시각이 없습니다" in entry.findtext(f"{ATOM}content", "")
