"""Reverse proxies as their manuals first show them, before a server of this machine.

Where a program is installed it runs; where it is not, the headers it sends stand in, as recorded
from the program itself (nginx 1.22, Apache 2.4.71, Caddy 2.6, haproxy 2.6 of Debian 12). `ssh -L`
changes no byte.
"""

import os
import shutil
import socket
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from tests.browsing import free_port
from tests.waiting import wait_until

# What each does to a client's request: the host it names to the server behind, None as the client
# named it, and the headers it adds.
OWN = "own"
RECORDED: dict[str, tuple[str | None, dict[str, str]]] = {
    "nginx": (OWN, {}),
    "apache2": (
        OWN,
        {
            "X-Forwarded-For": "127.0.0.1",
            "X-Forwarded-Host": "air.example",
            "X-Forwarded-Server": "air.example",
        },
    ),
    "caddy": (
        None,
        {
            "X-Forwarded-For": "127.0.0.1",
            "X-Forwarded-Host": "air.example",
            "X-Forwarded-Proto": "http",
        },
    ),
    "haproxy": (None, {}),
    "ssh": (None, {}),
}


@dataclass
class Way:
    """How a stranger's connection reaches the server: the port he sees, and, where no program
    stands there, the host it would name and the headers it would add."""

    port: int
    host: str | None = None
    headers: dict[str, str] = field(default_factory=dict)


def _nginx(folder: Path, outer: int, inner: int) -> list[str]:
    path = folder / "nginx.conf"
    path.write_text(
        f"""daemon off; master_process off; pid {folder}/pid; error_log {folder}/log;
events {{}}
http {{
  access_log off; client_body_temp_path {folder}/b; proxy_temp_path {folder}/p;
  fastcgi_temp_path {folder}/f; uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
  server {{
    listen 127.0.0.1:{outer};
    location / {{
      proxy_pass http://127.0.0.1:{inner};
      proxy_http_version 1.1;
      proxy_set_header Upgrade $http_upgrade;
      proxy_set_header Connection "upgrade";
    }}
  }}
}}
"""
    )
    return ["nginx", "-e", str(folder / "log"), "-c", str(path)]


def _apache2(folder: Path, outer: int, inner: int) -> list[str]:
    modules = "/usr/lib/apache2/modules"
    path = folder / "apache2.conf"
    path.write_text(
        f"""ServerName air.example
ServerRoot {folder}
PidFile {folder}/pid
ErrorLog {folder}/log
Mutex file:{folder} default
Listen 127.0.0.1:{outer}
LoadModule mpm_event_module {modules}/mod_mpm_event.so
LoadModule authz_core_module {modules}/mod_authz_core.so
LoadModule proxy_module {modules}/mod_proxy.so
LoadModule proxy_http_module {modules}/mod_proxy_http.so
User www-data
Group www-data
ProxyPass / http://127.0.0.1:{inner}/ upgrade=websocket
"""
    )
    return ["apache2", "-DFOREGROUND", "-f", str(path)]


def _caddy(folder: Path, outer: int, inner: int) -> list[str]:
    path = folder / "Caddyfile"
    path.write_text(
        f"{{\n admin off\n auto_https off\n}}\n"
        f"http://:{outer} {{\n bind 127.0.0.1\n reverse_proxy 127.0.0.1:{inner}\n}}\n"
    )
    return ["caddy", "run", "--adapter", "caddyfile", "--config", str(path)]


def _haproxy(folder: Path, outer: int, inner: int) -> list[str]:
    path = folder / "haproxy.cfg"
    path.write_text(
        f"""defaults
  mode http
  timeout connect 5s
  timeout client 50s
  timeout server 50s
frontend outer
  bind 127.0.0.1:{outer}
  default_backend inner
backend inner
  server one 127.0.0.1:{inner}
"""
    )
    return ["haproxy", "-db", "-f", str(path)]


COMMANDS: dict[str, Callable[[Path, int, int], list[str]]] = {
    "nginx": _nginx,
    "apache2": _apache2,
    "caddy": _caddy,
    "haproxy": _haproxy,
}


@contextmanager
def proxy(name: str, folder: Path, inner: int) -> Iterator[Way]:
    """One of `RECORDED` before a port of this machine."""
    if name == "ssh":
        with _tunnel(inner) as port:
            yield Way(port)
        return
    if not installed(name):
        host, headers = RECORDED[name]
        yield Way(inner, f"127.0.0.1:{inner}" if host else None, headers)
        return
    outer = free_port()
    environment = {**os.environ, "HOME": str(folder), "XDG_DATA_HOME": str(folder)}
    command = COMMANDS[name](folder, outer, inner)
    with subprocess.Popen(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=environment
    ) as started:
        try:
            wait_until(lambda: _answers(outer))
            yield Way(outer)
        finally:
            started.terminate()


def installed(name: str) -> bool:
    """Whether a program is on this machine."""
    return shutil.which(name, path=f"{os.environ.get('PATH', '')}:/usr/sbin") is not None


def _answers(port: int) -> bool:
    with suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
        return True
    return False


@contextmanager
def _tunnel(inner: int) -> Iterator[int]:
    """`ssh -L`: bytes there and back."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        serve_tunnel(listener, inner)
        yield listener.getsockname()[1]


Change = tuple[bytes, bytes]
UNCHANGED: Change = (b"", b"")


def serve_tunnel(listener: socket.socket, inner: int, change: Change = UNCHANGED) -> None:
    """Pass what comes to a port on to another in the background, with one word changed on the way
    there."""
    threading.Thread(target=_accept, args=(listener, inner, change), daemon=True).start()


def _accept(listener: socket.socket, inner: int, change: Change) -> None:
    with suppress(OSError):
        while True:
            near, _ = listener.accept()
            threading.Thread(target=_pass_on, args=(near, inner, change), daemon=True).start()


def _pass_on(near: socket.socket, inner: int, change: Change) -> None:
    with near, socket.create_connection(("127.0.0.1", inner)) as far:
        back = threading.Thread(target=_pump, args=(far, near, UNCHANGED), daemon=True)
        back.start()
        _pump(near, far, change)
        back.join()


def _pump(one: socket.socket, other: socket.socket, change: Change) -> None:
    with suppress(OSError):
        while piece := one.recv(65536):
            other.sendall(piece.replace(*change) if change[0] else piece)
    with suppress(OSError):
        other.shutdown(socket.SHUT_WR)
