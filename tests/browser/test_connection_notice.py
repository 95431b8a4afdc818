"""A page whose connection is refused says so, and why, instead of staying an empty frame."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, expect

from tests.browsing import dashboard, drawn, free_port, own_environment, reader
from tests.proxies import serve_tunnel


def environment(folder: Path, **more: str) -> dict[str, str]:
    return own_environment(
        AQ_DATABASE_URL=f"sqlite:///{folder / 'aq.db'}",
        AQ_FEEDS__OPENMETEO__ENABLED="false",
        **more,
    )


@contextmanager
def before(outer: int, address: str) -> Iterator[None]:
    """A proxy that names the machine behind it as Host, as nginx does by itself."""
    inner = int(address.rsplit(":", 1)[1])
    host = (f"127.0.0.1:{outer}".encode(), f"127.0.0.1:{inner}".encode())
    with socket.create_server(("127.0.0.1", outer)) as listener:
        serve_tunnel(listener, inner, (b"Host: " + host[0], b"Host: " + host[1]))
        yield


def test_a_page_behind_a_proxy_that_changes_the_host_says_why_it_is_empty(
    tmp_path: Path, chromium: Browser
) -> None:
    outer = free_port()
    with (
        dashboard(environment(tmp_path)) as address,
        before(outer, address),
        reader(chromium) as (page, _),
    ):
        page.goto(f"http://127.0.0.1:{outer}")
        notice = page.locator("#aq-connection")
        expect(notice).to_contain_text("Host 헤더")
        expect(notice).to_contain_text("server.public_url")


def test_with_its_public_address_named_the_page_comes_through_such_a_proxy(
    tmp_path: Path, chromium: Browser
) -> None:
    outer = free_port()
    public = f"http://127.0.0.1:{outer}"
    with (
        dashboard(environment(tmp_path, AQ_SERVER__PUBLIC_URL=public)) as address,
        before(outer, address),
        reader(chromium) as (page, _),
    ):
        drawn(page, public)
        expect(page.locator("#aq-connection")).to_have_count(0)
