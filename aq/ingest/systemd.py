"""Tells systemd that the program is up and alive (sd_notify); nothing elsewhere."""

import os
import socket


def ready() -> None:
    """The scheduler has begun."""
    _say("READY=1")


def alive() -> None:
    """No run hangs: resets the timer of ``WatchdogSec``."""
    _say("WATCHDOG=1")


def _say(words: str) -> None:
    """One datagram to ``NOTIFY_SOCKET`` (sd_notify(3)); none where nobody listens."""
    address = os.environ.get("NOTIFY_SOCKET", "")
    if not address:
        return
    if address.startswith("@"):  # in the abstract namespace
        address = f"\0{address[1:]}"
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as channel:
            channel.sendto(words.encode(), address)
    except OSError:
        return
