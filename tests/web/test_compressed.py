"""Files that never change, packed: in which encoding, once, and told to caches."""

import gzip
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pytest
import requests
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from aq.web import compressed, kept_files
from aq.web.api.routes import routes
from aq.web.compressed import Packed, encoding_for
from aq.web.public.routes import routes as public_routes
from tests.serving import fill, listening, make_runtime

UNPACK = {
    "br": lambda body, size: pa.Codec("brotli").decompress(body, size, asbytes=True),
    "gzip": lambda body, _size: gzip.decompress(body),
    None: lambda body, _size: body,
}


@pytest.fixture
def address() -> Iterator[str]:
    # The framework packs behind it what is not packed before it, and says so of every answer.
    stack = [Middleware(Packed), Middleware(GZipMiddleware, minimum_size=500)]
    app = Starlette(routes=[kept_files.route()], middleware=stack)
    with listening(app) as site:
        yield site + kept_files.address("drawing.js")


@pytest.mark.parametrize(
    ("accepted", "encoding"),
    [
        ("gzip, deflate, br, zstd", "br"),
        ("gzip", "gzip"),
        ("BR;q=0.5, gzip", "br"),
        ("br;q=0, gzip;q=0.1", "gzip"),
        ("br; q=0.000, gzip;q=0", None),
        ("identity", None),
        ("", None),
    ],
)
def test_the_best_encoding_that_is_taken_is_sent(
    address: str, accepted: str, encoding: str | None
) -> None:
    assert encoding_for(accepted) == encoding
    whole = requests.get(address, headers={"Accept-Encoding": "identity"}, timeout=60).content
    asked = requests.get(address, headers={"Accept-Encoding": accepted}, timeout=60, stream=True)
    body = asked.raw.read()
    assert asked.headers.get("Content-Encoding") == encoding
    assert asked.headers["Vary"] == "Accept-Encoding"
    assert asked.headers["Content-Length"] == str(len(body))
    assert UNPACK[encoding](body, len(whole)) == whole
    assert encoding is None or len(body) < len(whole) / 3


@pytest.mark.parametrize("accepted", ["gzip;q=0", "br;q=0, gzip;q=0.0"])
def test_what_is_refused_is_not_packed_by_what_stands_behind(accepted: str) -> None:
    inner = Middleware(GZipMiddleware, minimum_size=1)
    site = Starlette(
        routes=[Route("/api", lambda _request: PlainTextResponse("a" * 400))],
        middleware=[Middleware(Packed), inner],
    )
    with listening(site) as address:
        refused = requests.get(f"{address}/api", headers={"Accept-Encoding": accepted}, timeout=60)
        taken = requests.get(f"{address}/api", headers={"Accept-Encoding": "gzip"}, timeout=60)
    assert "Content-Encoding" not in refused.headers
    assert taken.headers["Content-Encoding"] == "gzip"
    assert refused.text == taken.text == "a" * 400


def test_a_file_of_another_version_is_not_kept_as_missing(address: str) -> None:
    other = requests.get(address.replace("/drawing.", "/drawing.0"), timeout=60)
    assert (other.status_code, other.headers["Cache-Control"]) == (404, "no-store")


def test_a_lasting_file_is_packed_once(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[str] = []

    def counted(body: bytes, encoding: str, *, lasting: bool) -> bytes:
        calls.append(encoding)
        return real(body, encoding, lasting=lasting)

    real = compressed.compressed
    monkeypatch.setattr(compressed, "compressed", counted)
    for accepted in ("br", "gzip", "br", "gzip"):
        assert requests.get(address, headers={"Accept-Encoding": accepted}, timeout=60).ok
    assert calls == ["br", "gzip"]
    body = b'{"a":1}' * 400
    assert gzip.decompress(compressed.compressed(body, "gzip", lasting=False)) == body


def test_t72_a_packed_body_has_a_tag_of_its_own_and_either_is_known(tmp_path: Path) -> None:
    """RFC 9110, 8.8.3.3: bodies that differ have strong tags that differ; 13.1.2: any of them that
    the asker has is answered by 304, under that tag."""
    context = make_runtime(f"sqlite:///{tmp_path / 'aq.db'}")
    fill(context, hours=1)
    site = Starlette(
        routes=[*routes(lambda: context), *public_routes(lambda: context)],
        middleware=[Middleware(Packed), Middleware(GZipMiddleware, minimum_size=1)],
    )
    with listening(site) as address:

        def get(path: str, accepted: str, **headers: str) -> requests.Response:
            asked = {"Accept-Encoding": accepted, **headers}
            return requests.get(address + path, headers=asked, timeout=60)

        for path in ("/strip", "/api/v1/current", "/alerts.atom", "/now", "/embed/strip"):
            plain, packed = get(path, "identity"), get(path, "gzip")
            assert "Content-Encoding" not in plain.headers
            assert packed.headers["Content-Encoding"] == "gzip"
            tag, other = plain.headers["ETag"], packed.headers["ETag"]
            assert other == f'{tag[:-1]}-gzip"'
            assert plain.content == packed.content
            for known in (tag, other, f"W/{other}", f'"x", {tag}'):
                for accepted in ("identity", "gzip"):
                    answer = get(path, accepted, **{"If-None-Match": known})
                    assert (answer.status_code, answer.content) == (304, b""), (path, known)
                    assert answer.headers["ETag"] == known.rpartition(", ")[2]
            assert get(path, "gzip", **{"If-None-Match": '"x-gzip"'}).status_code == 200
    context.store.close()
