"""Finds a Chromium for the browser tests, or gets one, or says what to install."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")


def find_browser() -> str | None:
    """A Chromium or Chrome of this machine, or Playwright's own when it was downloaded."""
    for name in NAMES:
        found = shutil.which(name)
        if found:
            return found
    mac = Path("/Applications/Google Chrome.app/Contents/MacOS/Google Chrome")
    if mac.exists():
        return str(mac)
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        own = playwright.chromium.executable_path
    return own if Path(own).exists() else None


def _try(*command: str) -> None:
    subprocess.run(command, check=False, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def ensure_browser() -> str:
    """The browser's path; downloads one where there is none. Exits with what to install."""
    found = find_browser()
    if not found:
        _try(sys.executable, "-m", "playwright", "install", "chromium")
        found = find_browser()
    if not found and hasattr(os, "geteuid") and os.geteuid() == 0 and shutil.which("apt-get"):
        _try("apt-get", "update", "-qq")
        _try("apt-get", "install", "-y", "-qq", "chromium", "fonts-noto-cjk")
        found = find_browser()
    if not found:
        sys.exit(
            "the browser tests need Chromium or Chrome and none could be had."
            " Install one, e.g. `sudo apt-get install chromium fonts-noto-cjk`, and run again"
        )
    return found


if __name__ == "__main__":
    ensure_browser()
