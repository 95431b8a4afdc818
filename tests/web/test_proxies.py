"""Who is administrator at a real server: nobody by where he comes from, behind whatever proxy."""

import re
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.sync.client import connect

from tests.browsing import Terminal, dashboard, own_environment, terminal_dashboard
from tests.proxies import RECORDED, proxy
from tests.waiting import PATIENCE, wait_until

MAY_CHANGE = "서버가 돌고 있는 이 컴퓨터에서는 규칙을 바꿀 수 있습니다."


@pytest.fixture(scope="module")
def terminal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Terminal]:
    """A server as somebody starts it on his own machine."""
    folder = tmp_path_factory.mktemp("local")
    environment = own_environment(
        AQ_DATABASE_URL=f"sqlite:///{folder / 'aq.db'}", AQ_FEEDS__OPENMETEO__ENABLED="false"
    )
    with terminal_dashboard(environment) as started:
        yield started


def port_of(address: str) -> int:
    """The port at the end of an address."""
    return int(address.rsplit(":", 1)[1])


def rules_page(port: int, host: str, **handshake: Any) -> str:
    """All words of the rules page, as a connection of one's own to a port is shown them."""
    message = BackMsg()
    message.rerun_script.page_name = "rules"
    said, deadline = [], time.monotonic() + PATIENCE
    with (
        socket.create_connection(("127.0.0.1", port)) as wire,
        connect(f"ws://{host}/_stcore/stream", sock=wire, **handshake) as stream,
    ):
        stream.send(message.SerializeToString())
        while time.monotonic() < deadline:
            frame = stream.recv(PATIENCE)
            assert isinstance(frame, bytes)
            said.append(frame.decode("utf-8", "ignore"))
            if ForwardMsg.FromString(frame).WhichOneof("type") == "script_finished":
                return "".join(said)
    pytest.fail("the page did not finish")


def opened(link: str) -> str:
    """The cookie that a link leaves in a browser."""
    answer = requests.get(link, allow_redirects=False, timeout=60)
    assert answer.status_code == 303
    assert answer.headers["Location"] == "rules"
    set_cookie = answer.headers["Set-Cookie"]
    assert "HttpOnly" in set_cookie
    assert "SameSite=strict" in set_cookie
    return set_cookie.split(";")[0]


@pytest.mark.parametrize("name", RECORDED)
@pytest.mark.parametrize("with_origin", [True, False])
def test_no_stock_proxy_makes_a_stranger_administrator(
    terminal: Terminal, tmp_path: Path, name: str, with_origin: bool
) -> None:
    inner = port_of(terminal.address)
    with proxy(name, tmp_path, inner) as way:
        # The best lie there is: the names of the machine behind.
        own = f"127.0.0.1:{inner}"
        origin: Any = f"http://{own}" if with_origin else None
        page = rules_page(
            way.port, way.host or own, origin=origin, additional_headers=way.headers or None
        )
    assert "규칙" in page
    assert MAY_CHANGE not in page


def test_the_link_on_the_terminal_opens_the_rules_once_in_one_browser(terminal: Terminal) -> None:
    port = port_of(terminal.address)
    own = f"127.0.0.1:{port}"
    link = terminal.links()[-1]
    cookie = opened(link)
    here: dict[str, Any] = {"origin": f"http://{own}"}
    assert MAY_CHANGE in rules_page(port, own, additional_headers={"Cookie": cookie}, **here)
    assert MAY_CHANGE not in rules_page(port, own, **here)
    forged = re.sub("=.", "=_", cookie)
    assert MAY_CHANGE not in rules_page(port, own, additional_headers={"Cookie": forged}, **here)
    # Neither without a page's origin, nor through somebody, nor under another name.
    for host, headers, origin in (
        (own, {}, None),
        (own, {"X-Forwarded-For": "127.0.0.1"}, f"http://{own}"),
        (f"evil.example:{port}", {}, f"http://evil.example:{port}"),
    ):
        sent = {"Cookie": cookie, **headers}
        page = rules_page(port, host, origin=origin, additional_headers=sent)  # type: ignore[arg-type]
        assert MAY_CHANGE not in page, (host, headers, origin)
    # The link is void; the next one stands on the terminal.
    assert requests.get(link, allow_redirects=False, timeout=60).status_code == 403
    wait_until(lambda: terminal.links()[-1] != link)
    assert MAY_CHANGE in rules_page(
        port, own, additional_headers={"Cookie": opened(terminal.links()[-1])}, **here
    )


def test_the_link_opens_nothing_from_elsewhere(terminal: Terminal) -> None:
    link = terminal.links()[-1]
    for headers in ({"Host": "evil.example"}, {"X-Forwarded-For": "127.0.0.1"}):
        assert requests.get(link, headers=headers, timeout=60).status_code == 403
    for key in ("", "x", "%F0%9F%98%80"):
        address = f"{link.split('=')[0]}={key}"
        assert requests.get(address, timeout=60).status_code == 403
    opened(link)  # none of them has used it up


@pytest.mark.parametrize(
    "setting",
    [{"AQ_SERVER__TRUSTED_PROXIES": "127.0.0.1"}, {"AQ_SERVER__PUBLIC_URL": "https://air.example"}],
)
def test_where_others_are_meant_to_come_there_is_no_link(
    tmp_path: Path, setting: dict[str, str]
) -> None:
    environment = own_environment(
        AQ_DATABASE_URL=f"sqlite:///{tmp_path / 'aq.db'}",
        AQ_FEEDS__OPENMETEO__ENABLED="false",
        **setting,
    )
    with terminal_dashboard(environment) as terminal:
        assert "http://127.0.0.1" in terminal.screen.decode()
        assert terminal.links() == []
        assert MAY_CHANGE not in rules_page(
            port_of(terminal.address),
            terminal.address.removeprefix("http://"),
            origin=terminal.address,  # type: ignore[arg-type]
        )


def test_nothing_but_a_named_proxy_is_believed_about_its_clients(tmp_path: Path) -> None:
    """Loopback is no proxy by itself: whatever X-Forwarded-For says, the client is the same."""
    environment = own_environment(
        AQ_DATABASE_URL=f"sqlite:///{tmp_path / 'aq.db'}",
        AQ_FEEDS__OPENMETEO__ENABLED="false",
        AQ_SERVER__COSTLY_PER_MINUTE="20",
    )
    with dashboard(environment) as address:
        url = f"{address}/api/v1/export?since=2026-11-01&until=2026-11-02&format=csv"
        answers = [
            requests.get(url, headers={"X-Forwarded-For": f"198.51.100.{n}"}, timeout=60)
            for n in range(3)
        ]
        assert [answer.status_code for answer in answers][1:] == [429, 429]
