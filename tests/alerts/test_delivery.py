"""The outbox reaches real receivers, at least once, under one id, whatever fails or dies."""

import json
import multiprocessing
import random
import time
from datetime import datetime, timedelta
from email import message_from_bytes
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from pydantic import SecretStr
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from aq.alerts.channels import Channel, Outlets
from aq.alerts.delivery import ATTEMPTS, BATCH, Notifier, backoff, digest_time, try_channel
from aq.alerts.webhook import DeliveryError, addresses, is_public, post, signature
from aq.alerts.wording import compose
from aq.domain.errors import InputError
from aq.store import Store, open_store, outbox
from tests.alert_messages import body, put
from tests.cli.test_processes import free_port
from tests.conftest import NOW

KEY = "a-key-of-the-webhook"
HOUR = timedelta(hours=1)


def hook(url: str, name: str = "hook", **more: Any) -> Channel:
    found = {"private": True, **more}
    return Channel(name=name, kind="webhook", url=SecretStr(url), secret=SecretStr(KEY), **found)


def notifier(store: Store, *channels: Channel, owner: str = "one") -> Notifier:
    return Notifier(store, Outlets(channels={one.name: one for one in channels}), owner=owner)


def states(store: Store) -> dict[str, str]:
    return {row.message: row.state for row in outbox.messages(store)}


def test_a_webhook_gets_the_message_signed(store: Store, httpserver: HTTPServer) -> None:
    seen: list[Request] = []

    def receive(request: Request) -> Response:
        seen.append(request)
        return Response("", 204)

    httpserver.expect_request("/hook", method="POST").respond_with_handler(receive)
    put(store, "m1", "hook")
    report = notifier(store, hook(httpserver.url_for("/hook"))).drain("hook", NOW)
    assert report.as_dict() == {"sent": 1, "retried": 0, "failed": 0}
    (request,) = seen
    stamp, body = request.headers["X-AQ-Timestamp"], request.get_data()
    assert request.headers["X-AQ-Signature"] == signature(KEY, stamp, body)
    assert request.headers["Idempotency-Key"] == json.loads(body)["id"] == "m1"
    assert json.loads(body)["events"][0]["value"] == 162.5
    assert states(store) == {"m1": "sent"}
    assert notifier(store, hook(httpserver.url_for("/hook"))).drain("hook", NOW).sent == 0


def test_apprises_own_json_target_gets_it(store: Store, httpserver: HTTPServer) -> None:
    httpserver.expect_request("/in", method="POST").respond_with_data("", 200)
    url = f"json://{httpserver.host}:{httpserver.port}/in"
    channel = Channel(name="j", kind="json", url=SecretStr(url), private=True)
    put(store, "m1", "j")
    assert notifier(store, channel).drain("j", NOW).sent == 1
    request = httpserver.log[0][0]
    assert request.headers["Idempotency-Key"] == "m1"
    title, words = compose(body("m1"), "ko")
    assert request.get_json() == {
        "version": "1.0",
        "title": title,
        "message": words,
        "attachments": [],
        "type": "info",
        "id": "m1",
    }
    assert title == "PM10 주의보 수준: 서울"
    assert "162.5" in words


class Inbox:
    def __init__(self) -> None:
        self.mails: list[bytes] = []

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802
        self.mails.append(envelope.content)
        return "250 OK"


def test_a_mail_server_gets_it_under_a_stable_message_id(store: Store) -> None:
    inbox = Inbox()
    server = Controller(inbox, hostname="127.0.0.1", port=free_port())
    server.start()
    try:
        url = f"mailto://127.0.0.1:{server.port}?from=air@example.org&to=duty@example.org&mode=insecure"
        channel = Channel(name="mail", kind="mail", url=SecretStr(url))
        put(store, "m1", "mail")
        assert notifier(store, channel).drain("mail", NOW).sent == 1
    finally:
        server.stop()
    mail = message_from_bytes(inbox.mails[0])
    assert mail.get_all("Message-ID") == ["<m1@example.org>"]
    assert "162.5" in mail.get_payload(decode=True).decode()


def test_a_file_gets_a_line_each(store: Store, tmp_path: Path) -> None:
    path = tmp_path / "new" / "alerts.jsonl"
    channel = Channel(name="f", kind="file", path=path)
    put(store, "m1", "f")
    put(store, "m2", "f")
    assert notifier(store, channel).drain("f", NOW).sent == 2
    assert [json.loads(line)["id"] for line in path.read_text().splitlines()] == ["m1", "m2"]


def test_it_is_tried_again_to_a_limit_then_failed_then_resent(
    store: Store, httpserver: HTTPServer, tmp_path: Path
) -> None:
    httpserver.expect_request("/hook").respond_with_data("", 500)
    put(store, "m1", "hook")
    put(store, "m2", "f")
    both = (hook(httpserver.url_for("/hook")), Channel(name="f", kind="file", path=tmp_path / "a"))
    here, now = notifier(store, *both), NOW
    for _ in range(ATTEMPTS):
        here.drain("hook", now)
        assert here.drain("hook", now).as_dict() == {"sent": 0, "retried": 0, "failed": 0}
        now += 2 * HOUR
    assert here.drain("f", NOW).sent == 1
    (row,) = outbox.messages(store, [outbox.FAILED])
    assert (row.attempts, row.last_error) == (ATTEMPTS, "HTTP 500")
    assert outbox.resend(store, row.id, now, "kim")
    assert not outbox.resend(store, row.id, now, "lee")
    httpserver.clear()
    httpserver.expect_request("/hook").respond_with_data("", 200)
    assert here.drain("hook", now).sent == 1
    assert httpserver.log[-1][0].headers["Idempotency-Key"] == "m1"
    (row,) = [one for one in outbox.messages(store) if one.message == "m1"]
    assert (row.state, row.resent_by, row.resent_at) == (outbox.SENT, "kim", now)


def test_held_messages_wait_and_those_of_lost_channels_fail(store: Store, tmp_path: Path) -> None:
    here = notifier(store, Channel(name="f", kind="file", path=tmp_path / "a"))
    put(store, "m1", "f", state="held", not_before=NOW + HOUR, next_attempt=NOW + HOUR)
    put(store, "m2", "gone")
    assert here.drain("f", NOW).sent == 0
    assert here.fail_unknown(NOW).failed == 1
    assert states(store) == {"m1": "held", "m2": "failed"}
    assert here.drain("f", NOW + HOUR).sent == 1


def test_a_digest_is_one_message_at_its_time(store: Store, tmp_path: Path) -> None:
    path = tmp_path / "a"
    here = notifier(store, Channel(name="f", kind="file", path=path, digest="daily"))
    for number in range(3):
        put(store, f"m{number}", "f")
    assert here.drain("f", NOW).sent == 0
    due = digest_time(NOW, "daily")
    waiting = [(row.state, row.attempts, row.next_attempt) for row in outbox.messages(store)]
    assert waiting == [("held", 0, due)] * 3
    assert here.drain("f", due).sent == 3
    (line,) = path.read_text().splitlines()
    assert json.loads(line)["id"].startswith("digest.f.20261124.")
    assert len(json.loads(line)["events"]) == 3
    assert digest_time(due, "weekly").weekday() == 0


def test_the_parts_of_a_long_digest_have_ids_of_their_own_and_keep_them(
    store: Store, httpserver: HTTPServer
) -> None:
    for number in range(BATCH + 5):
        put(store, f"m{number:02}", "hook")
    here = notifier(store, hook(httpserver.url_for("/hook"), digest="daily"))
    due = digest_time(NOW, "daily")
    # Both parts are received and answered with a failure, so both are sent a second time.
    httpserver.expect_request("/hook").respond_with_data("", 500)
    for _ in range(2):
        here.drain("hook", due)
    httpserver.clear_all_handlers()
    httpserver.expect_request("/hook").respond_with_data("", 200)
    assert [here.drain("hook", due + HOUR).sent for _ in range(3)] == [BATCH, 5, 0]
    bodies = [json.loads(request.get_data()) for request, _ in httpserver.log]
    first, second, *again = [body["id"] for body in bodies]
    assert first != second
    assert again == [first, second]
    assert [len(body["events"]) for body in bodies] == [BATCH, 5, BATCH, 5]
    assert [request.headers["Idempotency-Key"] for request, _ in httpserver.log] == [
        body["id"] for body in bodies
    ]


def test_a_digest_behind_one_that_failed_is_given_back_untried(
    store: Store, httpserver: HTTPServer
) -> None:
    httpserver.expect_request("/hook").respond_with_data("", 500)
    put(store, "m1", "hook")
    put(store, "m2", "hook", language="en")
    put(store, "m3", "hook", created_at=NOW + 24 * HOUR)
    late = NOW + 72 * HOUR
    here = notifier(store, hook(httpserver.url_for("/hook"), digest="daily"))
    assert here.drain("hook", late).retried == 1
    assert len(httpserver.log) == 1
    found = {row.message: (row.state, row.attempts) for row in outbox.messages(store)}
    assert found == {"m1": ("queued", 1), "m2": ("queued", 0), "m3": ("queued", 0)}


def test_another_instance_takes_over_only_after_the_lease(store: Store, tmp_path: Path) -> None:
    put(store, "m1", "f")
    lease = timedelta(minutes=5)
    (row,) = outbox.claim(store, "f", owner="dead", now=NOW, lease=lease, limit=5)
    here = notifier(store, Channel(name="f", kind="file", path=tmp_path / "a"), owner="other")
    assert here.drain("f", NOW + timedelta(minutes=4)).sent == 0
    assert here.drain("f", NOW + timedelta(minutes=6)).sent == 1
    assert not outbox.settle(store, row, state=outbox.QUEUED, now=NOW)
    assert states(store) == {"m1": "sent"}


def _work(url: str, receiver: str, now: datetime) -> None:
    from aq.domain.clock import Clock

    store = open_store(url, Clock(now))
    notifier(store, hook(receiver), owner=str(now)).drain("hook", now)


def test_killed_at_twenty_moments_nothing_is_lost(
    store: Store, database_url: str, httpserver: HTTPServer
) -> None:
    httpserver.expect_request("/hook").respond_with_data("", 200)
    wanted = {f"m{number}" for number in range(60)}
    for number in sorted(wanted):
        put(store, number, "hook")
    receiver, now = httpserver.url_for("/hook"), NOW
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([__name__])
    chance = random.Random(6)
    for _ in range(20):
        before = len(httpserver.log)
        child = context.Process(target=_work, args=(database_url, receiver, now))
        child.start()
        # Once it is at work, or has nothing left to do, some milliseconds more.
        while child.is_alive() and len(httpserver.log) == before:
            time.sleep(0.002)
        time.sleep(chance.random() / 50)
        child.kill()
        child.join()
        now += HOUR
    notifier(store, hook(receiver)).drain("hook", now)
    got = [request.headers["Idempotency-Key"] for request, _ in httpserver.log]
    assert set(got) == wanted
    assert set(states(store).values()) == {"sent"}


@pytest.mark.parametrize(
    "address",
    ["127.0.0.1", "10.1.2.3", "192.168.0.9", "169.254.169.254", "0.0.0.0", "::1", "fe80::1",  # noqa: S104
     "fc00::1", "::ffff:127.0.0.1", "64:ff9b::7f00:1", "2002:7f00:1::", "224.0.0.1", "100.64.0.1",
     "fec0::1", "5f00::1", "64:ff9b:1::1", "4000::1", "e000::1", "::2", "240.0.0.1"],
)  # fmt: skip
def test_no_private_address_is_public(address: str) -> None:
    assert not is_public(address)


def test_public_addresses_are() -> None:
    assert is_public("8.8.8.8")
    assert is_public("2001:4860:4860::8888")


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "0x7f.1", "2130706433", "::1"])
def test_loopback_in_any_spelling_is_refused_unless_allowed(host: str) -> None:
    with pytest.raises(DeliveryError) as caught:
        addresses(host, 80, private=False)
    assert caught.value.permanent
    assert host not in str(caught.value)
    assert addresses("127.0.0.1", 80, private=True) == ["127.0.0.1"]


def test_refused_targets_fail_at_once_and_get_nothing(store: Store, httpserver: HTTPServer) -> None:
    put(store, "m1", "hook")
    here = notifier(store, hook(httpserver.url_for("/hook"), private=False))
    assert here.drain("hook", NOW).failed == 1
    assert httpserver.log == []
    (row,) = outbox.messages(store, [outbox.FAILED])
    assert str(httpserver.port) not in row.last_error


def test_redirects_are_not_followed(httpserver: HTTPServer) -> None:
    away = Response("", 302, {"Location": httpserver.url_for("/else")})
    httpserver.expect_request("/hook").respond_with_response(away)
    with pytest.raises(DeliveryError, match="302"):
        post(httpserver.url_for("/hook"), KEY, "m1", b"{}", private=True)
    assert len(httpserver.log) == 1


def test_waits_grow_and_a_test_message_says_what_it_is(tmp_path: Path) -> None:
    assert timedelta(seconds=15) <= backoff(1) <= timedelta(seconds=45)
    assert timedelta(minutes=30) <= backoff(30) <= 1.5 * HOUR
    outlets = Outlets(channels={"f": Channel(name="f", kind="file", path=tmp_path / "a")})
    number = try_channel(outlets, "f", NOW)
    line = json.loads((tmp_path / "a").read_text())
    assert line["id"] == number
    assert line["title"].startswith("[시험]")
    with pytest.raises(InputError, match="configured are f"):
        try_channel(outlets, "g", NOW)
