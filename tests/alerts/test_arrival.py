"""The worst hour through stand-ins that refuse as the services do: all of it, in order, once.

What they refuse is made by us after the services' own references, named in `aq.alerts.fit`.
"""

import base64
import json
import ssl
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from apprise.plugins.discord import NotifyDiscord
from apprise.plugins.kakaotalk import NotifyKakaoTalk
from apprise.plugins.slack import NotifySlack
from apprise.plugins.telegram import NotifyTelegram
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from pydantic import SecretStr
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from aq.alerts.channels import SCHEMES, Channel, Outlets
from aq.alerts.delivery import ATTEMPTS, Notifier
from aq.alerts.fit import LIMITS, characters, fit
from aq.alerts.wording import sheet
from aq.i18n import text_in
from aq.store import Store, outbox
from tests.alert_messages import put
from tests.alerts.test_fit import URL, worst_hour
from tests.conftest import NOW

CURVE = ec.SECP256R1()


@dataclass
class StandIn:
    """A service on loopback: takes what fits, in order; the first `busy` times it says 429."""

    taken: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    busy: int = 0
    busy_answer: Callable[[], Response] = lambda: Response("", 429, {"Retry-After": "3"})
    lock: threading.Lock = field(default_factory=threading.Lock)

    def take(self, text: str, *, fits: bool, ok: Response) -> Response:
        with self.lock:
            if self.busy:
                self.busy -= 1
                return self.busy_answer()
            (self.taken if fits else self.refused).append(text)
            return ok if fits else Response('{"description": "message is too long"}', 400)


def say(body: dict[str, Any]) -> Response:
    return Response(json.dumps(body), 200, {"Content-Type": "application/json"})


def discord(web: HTTPServer, patch: pytest.MonkeyPatch, here: StandIn, _folder: Path) -> str:
    def post(request: Request) -> Response:
        text = request.get_json()["content"]
        return here.take(text, fits=characters(text) <= 2000, ok=Response("", 204))

    web.expect_request("/discord/1/token").respond_with_handler(post)
    patch.setattr(NotifyDiscord, "notify_url", web.url_for("/discord"))
    return "discord://1/token"


def telegram(web: HTTPServer, patch: pytest.MonkeyPatch, here: StandIn, _folder: Path) -> str:
    def post(request: Request) -> Response:
        text = unescape(request.get_json()["text"])  # its limit is after the entities are parsed
        return here.take(text, fits=characters(text) <= 4096, ok=say({"ok": True, "result": {}}))

    web.expect_request("/bot123456789:abcdefghij/sendMessage").respond_with_handler(post)
    patch.setattr(NotifyTelegram, "notify_url", web.url_for("/bot"))
    return "tgram://123456789:abcdefghij/12345"


def slack(web: HTTPServer, patch: pytest.MonkeyPatch, here: StandIn, _folder: Path) -> str:
    def post(request: Request) -> Response:
        text = unescape(request.get_json()["attachments"][0]["text"])
        return here.take(text, fits=characters(text) <= 4000, ok=Response("ok", 200))

    path = "/services/T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ"
    web.expect_request(path).respond_with_handler(post)
    patch.setattr(NotifySlack, "webhook_url", web.url_for("/services"))
    return "slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ/#alerts"


def ntfy(web: HTTPServer, _patch: pytest.MonkeyPatch, here: StandIn, _folder: Path) -> str:
    def post(request: Request) -> Response:
        given = request.get_json(silent=True) or {}
        text = given.get("message") or request.get_data(as_text=True)
        return here.take(text, fits=len(text.encode()) <= 4096, ok=say({"id": "x"}))

    web.expect_request("/").respond_with_handler(post)
    web.expect_request("/air").respond_with_handler(post)
    return f"ntfy://{web.host}:{web.port}/air"


def kakaotalk(web: HTTPServer, patch: pytest.MonkeyPatch, here: StandIn, _folder: Path) -> str:
    def memo(request: Request) -> Response:
        template = json.loads(request.form["template_object"])
        assert template["link"]["web_url"].startswith(URL)
        text = template["text"]
        return here.take(text, fits=characters(text) <= 200, ok=say({"result_code": 0}))

    token = {"access_token": "t", "expires_in": 43199, "token_type": "bearer"}
    web.expect_request("/oauth/token").respond_with_json(token)
    web.expect_request("/memo").respond_with_handler(memo)
    patch.setattr(NotifyKakaoTalk, "token_url", web.url_for("/oauth/token"))
    patch.setattr(NotifyKakaoTalk, "notify_me_url", web.url_for("/memo"))
    return "kakaotalk://0123456789abcdef/refresh-token"


SERVICES = {
    "discord": discord,
    "telegram": telegram,
    "slack": slack,
    "ntfy": ntfy,
    "kakaotalk": kakaotalk,
}
Start = Callable[[str], tuple[StandIn, Channel]]


@pytest.fixture
def start(httpserver: HTTPServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Start:
    monkeypatch.setenv("AQ_HOME", str(tmp_path))

    def make(kind: str) -> tuple[StandIn, Channel]:
        here = StandIn()
        url = SERVICES[kind](httpserver, monkeypatch, here, tmp_path)
        return here, Channel(name="c", kind=kind, url=SecretStr(url))

    return make


def notifier(store: Store, channel: Channel, slept: list[float]) -> Notifier:
    outlets = Outlets(channels={channel.name: channel})
    return Notifier(store, outlets, owner="one", public_url=URL, sleep=slept.append)


def put_worst(store: Store, language: str) -> list[str]:
    body = json.dumps({**worst_hour("m1"), "language": language}, ensure_ascii=False)
    put(store, "m1", "c", body=body, language=language)
    return [line for line in body.split("\n") if line]


def expected(kind: str, language: str) -> list[str]:
    return fit(sheet(worst_hour("m1"), language, URL), LIMITS[kind], text_in(language))


def plain(text: str) -> str:
    """Without what a service's own form adds."""
    return " ".join(text.split())


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize("language", ["ko", "en"])
@pytest.mark.parametrize("kind", SERVICES)
def test_t63_the_worst_hour_arrives(store: Store, start: Start, kind: str, language: str) -> None:
    here, channel = start(kind)
    put_worst(store, language)
    slept: list[float] = []
    report = notifier(store, channel, slept).drain("c", NOW)
    assert report.as_dict() == {"sent": 1, "retried": 0, "failed": 0}
    assert here.refused == []
    assert [plain(text) for text in here.taken] == [plain(x) for x in expected(kind, language)]


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_part_that_was_taken_is_not_sent_again(store: Store, start: Start) -> None:
    here, channel = start("discord")
    put_worst(store, "ko")
    sent: list[str] = []

    def dies_at_the_third(one: Channel, parcel: Any) -> None:
        from aq.alerts.senders import send

        if len(sent) == 2:
            raise KeyboardInterrupt
        send(one, parcel)
        sent.append(parcel.body)

    dying = Notifier(
        store, Outlets(channels={"c": channel}), owner="dead", public_url=URL,
        via=dies_at_the_third, sleep=lambda _: None,
    )  # fmt: skip
    with pytest.raises(KeyboardInterrupt):
        dying.drain("c", NOW)
    assert notifier(store, channel, []).drain("c", NOW + timedelta(minutes=6)).sent == 1
    assert [plain(text) for text in here.taken] == [plain(x) for x in expected("discord", "ko")]


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_t64_a_short_wait_is_sat_out(store: Store, start: Start) -> None:
    here, channel = start("slack")
    here.busy = 2
    put_worst(store, "ko")
    slept: list[float] = []
    assert notifier(store, channel, slept).drain("c", NOW).sent == 1
    assert slept[:2] == [3.0, 3.0]
    assert [plain(text) for text in here.taken] == [plain(x) for x in expected("slack", "ko")]


BUSY = {
    "slack": lambda: Response("", 429, {"Retry-After": "300"}),
    "telegram": lambda: Response(
        '{"ok": false, "error_code": 429, "description": "Too Many Requests: retry after 300",'
        ' "parameters": {"retry_after": 300}}',
        429,
    ),
    "ntfy": lambda: Response('{"code": 42901, "error": "limit reached"}', 429),
}


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize("kind", BUSY)
def test_t64_a_long_wait_is_kept_and_costs_no_attempt(
    store: Store, start: Start, kind: str
) -> None:
    here, channel = start(kind)
    here.busy, here.busy_answer = 999, BUSY[kind]
    put_worst(store, "ko")
    wait = timedelta(seconds=60 if kind == "ntfy" else 300)
    here_and_now = NOW
    for _ in range(ATTEMPTS + 2):
        report = notifier(store, channel, []).drain("c", here_and_now)
        assert report.as_dict() == {"sent": 0, "retried": 1, "failed": 0}
        (row,) = outbox.messages(store)
        assert (row.state, row.attempts, row.next_attempt) == ("queued", 0, here_and_now + wait)
        assert "429" in row.last_error
        here_and_now += wait
    here.busy = 0
    assert notifier(store, channel, []).drain("c", here_and_now).sent == 1


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_what_a_service_says_of_its_refusal_is_told(store: Store, start: Start) -> None:
    here, channel = start("telegram")
    here.take = lambda *_a, **_k: Response(  # type: ignore[method-assign]
        '{"ok": false, "description": "Bad Request: chat not found"}', 400
    )
    put(store, "m1", "c")
    assert notifier(store, channel, []).drain("c", NOW).failed == 1
    (row,) = outbox.messages(store)
    assert row.last_error == "the service answered 400: Bad Request: chat not found"


@pytest.fixture
def secure(tmp_path: Path) -> Iterator[HTTPServer]:
    """A server with a certificate nobody knows."""
    key = ec.generate_private_key(CURVE)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    pem = certificate.public_bytes(serialization.Encoding.PEM) + _pem(key)
    (tmp_path / "server.pem").write_bytes(pem)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "server.pem")
    with HTTPServer(port=0, ssl_context=context) as web:
        yield web


def _pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )


def _point(key: ec.EllipticCurvePrivateKey) -> bytes:
    form = serialization.PublicFormat.UncompressedPoint
    return key.public_key().public_bytes(serialization.Encoding.X962, form)


def decrypted(body: bytes, key: ec.EllipticCurvePrivateKey, auth: bytes) -> str:
    """What a browser reads of a push (RFC 8291, RFC 8188 with one record)."""
    salt, size = body[:16], body[20]
    sender = body[21 : 21 + size]
    shared = key.exchange(ec.ECDH(), ec.EllipticCurvePublicKey.from_encoded_point(CURVE, sender))

    def derived(secret: bytes, salt: bytes, info: bytes, length: int) -> bytes:
        return HKDF(hashes.SHA256(), length, salt, info).derive(secret)

    info = b"WebPush: info\0" + _point(key) + sender
    material = derived(shared, auth, info, 32)
    cipher = AESGCM(derived(material, salt, b"Content-Encoding: aes128gcm\0", 16))
    nonce = derived(material, salt, b"Content-Encoding: nonce\0", 12)
    return cipher.decrypt(nonce, body[21 + size :], None).rstrip(b"\0")[:-1].decode()


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize("language", ["ko", "en"])
def test_a_browser_reads_the_worst_hour(
    store: Store, secure: HTTPServer, tmp_path: Path, language: str
) -> None:
    browser, auth, here = ec.generate_private_key(CURVE), b"0123456789abcdef", StandIn()

    def push(request: Request) -> Response:
        assert request.headers["Authorization"].startswith("vapid t=")
        body = request.get_data()
        text = decrypted(body, browser, auth)
        return here.take(text, fits=len(body) <= 4096, ok=Response("", 201))

    secure.expect_request("/push/1").respond_with_handler(push)
    keys = {
        name: base64.urlsafe_b64encode(value).rstrip(b"=").decode()
        for name, value in (("p256dh", _point(browser)), ("auth", auth))
    }
    entry = {"endpoint": f"https://localhost:{secure.port}/push/1", "keys": keys}
    (tmp_path / "subscriptions.json").write_text(json.dumps({"duty@example.org": entry}))
    (tmp_path / "key.pem").write_bytes(_pem(ec.generate_private_key(CURVE)))
    url = (
        f"vapid://duty@example.org?keyfile={tmp_path / 'key.pem'}"
        f"&subfile={tmp_path / 'subscriptions.json'}&verify=no"
    )
    channel = Channel(name="c", kind="webpush", url=SecretStr(url))
    put_worst(store, language)
    assert notifier(store, channel, []).drain("c", NOW).sent == 1
    assert [plain(text) for text in here.taken] == [plain(x) for x in expected("webpush", language)]


def test_every_kind_with_a_limit_has_a_stand_in() -> None:
    assert {*SERVICES, "webpush"} == set(LIMITS)
    assert set(LIMITS) < set(SCHEMES)
