"""`python -m tools.pictures [NAME…]`: the pictures of docs/screenshots, taken anew from the demo.

Each page whole: Korean at 1280 and 390 wide, English at 1280, and the live page in the dark too.
`print` is `/now` on paper, `frames` are strip and map in a page of another site.
"""

import io
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import click
from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright
from starlette.applications import Starlette
from starlette.responses import HTMLResponse
from starlette.routing import Route

from aq.web.public.embeds import height
from aq.web.sections import PAGES
from tests.browsing import (
    FLAGS,
    NOW,
    drawn,
    free_port,
    own_environment,
    process,
    reader,
    settled,
    wait_for,
)
from tests.serving import listening
from tools.browser_setup import ensure_browser

FOLDER = Path(__file__).parents[1] / "docs" / "screenshots"
DAYS, STATIONS = 366, 200  # of the demo
DESKTOP, PHONE = 1280, 390
PAPER = 704  # pixels of A4 within its margins
FRAME_WIDTHS = (300, 390, 768)
# Pages whose picture says more with another choice than the page's own.
CHOICES = {
    "past": {"p": "seoul", "r": "30d"},
    "year": {"p": "seoul"},
    "rhythm": {"p": "seoul", "r": "1y"},
    "days": {"r": "1y"},
    "trend": {"p": "seoul"},
    "episodes": {"r": "1y"},
    "gaps": {"r": "90d"},
}


@dataclass(frozen=True, slots=True)
class Picture:
    """One picture: a page, who looks at it, and how."""

    page: str
    lang: str = "ko"
    width: int = DESKTOP
    theme: str = "light"

    @property
    def file(self) -> Path:
        """Where it is kept."""
        parts = [self.page, self.lang]
        parts += ["phone"] if self.width == PHONE else []
        parts += ["dark"] if self.theme == "dark" else []
        return FOLDER / f"{'-'.join(parts)}.png"

    def address(self, site: str) -> str:
        """The page's address with its choices."""
        asked = {"lang": self.lang, **CHOICES.get(self.page, {})}
        path = "" if self.page == "live" else self.page
        return f"{site}/{path}?" + "&".join(f"{key}={value}" for key, value in asked.items())


def pictures(names: tuple[str, ...]) -> Iterator[Picture]:
    """Those of the named pages, of all without a name."""
    for name in (name for name in names or tuple(PAGES) if name in PAGES):
        yield Picture(name)
        yield Picture(name, lang="en")
        yield Picture(name, width=PHONE)
        if name in ("live", "past"):
            yield Picture(name, theme="dark")


def take(page: Page, picture: Picture, site: str) -> None:
    """Open the page, make the window as high as it is, and keep what it shows in 256 colours."""
    drawn(page, picture.address(site))
    for _ in range(2):  # a higher window may let more be drawn
        height = page.evaluate("document.querySelector('[data-testid=stMain]').scrollHeight")
        page.set_viewport_size({"width": picture.width, "height": max(800, int(height))})
        page.wait_for_timeout(1500)
        settled(page)
    keep(page.screenshot(), picture.file)


def keep(picture: bytes, file: Path) -> None:
    """Keep a picture in 256 colours."""
    with Image.open(io.BytesIO(picture)) as image:
        image.convert("RGB").quantize(256, dither=Image.Dither.NONE).save(file, optimize=True)


def take_print(browser: Browser, site: str) -> None:
    """`/now` as it goes on a sheet of A4."""
    page = browser.new_page(viewport={"width": PAPER, "height": 800})
    page.emulate_media(media="print")
    page.goto(f"{site}/now")
    keep(page.screenshot(full_page=True), FOLDER / "now-ko-print.png")
    page.close()


def take_frames(browser: Browser, site: str) -> None:
    """Strip and map in a page of another site, as wide as a column, a phone and a page."""
    frames = "".join(
        f'<iframe src="{site}/embed/{kind}" title="{kind}" width="{width}"'
        f' height="{height(kind, "wrap", 0, width)}"></iframe> '
        for kind in ("strip", "map")
        for width in FRAME_WIDTHS
    )
    style = "iframe{border:1px solid #bbb;vertical-align:top;margin:4px}body{background:#f4efe4}"
    paper = f'<meta charset="utf-8"><style>{style}</style>{frames}'
    page = browser.new_page(viewport={"width": 1560, "height": 1800})
    with listening(Starlette(routes=[Route("/", lambda _: HTMLResponse(paper))])) as other_site:
        page.goto(other_site, wait_until="networkidle")
        keep(page.screenshot(full_page=True), FOLDER / "frames-ko.png")
    page.close()


OTHERS = {"print": take_print, "frames": take_frames}


def take_all(browser: Browser, site: str, names: tuple[str, ...]) -> None:
    """Take them, each in a window of its own."""
    for name, take_other in OTHERS.items():
        if not names or name in names:
            take_other(browser, site)
    for picture in pictures(names):
        with reader(browser, width=picture.width, theme=picture.theme) as (page, watch):
            take(page, picture, site)
        if watch.complaints or watch.outside(site):
            raise click.ClickException(f"{picture}: {watch.complaints or watch.outside(site)}")
        click.echo(picture.file.name)


@click.command()
@click.argument("names", nargs=-1, type=click.Choice([*PAGES, *OTHERS]))
def main(names: tuple[str, ...]) -> None:
    """Take the pictures of the named pages, of all without a name."""
    executable = ensure_browser()
    with tempfile.TemporaryDirectory() as folder:
        port = free_port()
        site = f"http://127.0.0.1:{port}"
        environment = own_environment(
            AQ_CLOCK=NOW, AQ_DATABASE_URL=f"sqlite:///{Path(folder) / 'demo.db'}"
        )
        options = ("--port", str(port), "--days", str(DAYS), "--stations", str(STATIONS))
        with process("demo", *options, environment=environment) as started:
            wait_for(f"{site}/healthz", started)
            with sync_playwright() as playwright:
                browser = playwright.chromium.launch(executable_path=executable, args=list(FLAGS))
                take_all(browser, site, names)


if __name__ == "__main__":
    main()
