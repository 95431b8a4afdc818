"""What stands before the dashboard: `/now` on a slow phone, and the published folder without us.

The folder stands behind nginx, Debian's package of that name, with one process.
"""

import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from getpass import getuser
from pathlib import Path

from aq.web.publish.run import publish
from bench.browser import window
from bench.data import Stores, environment, open_runtime, say
from bench.report import Case, Goal, below
from bench.serving import dashboard, free_port, process, program

STATIONS, DAYS = 200, 8
# A slow phone: bytes a second of 400 kbit/s, the line's delay [ms], a processor so much slower.
PHONE = {"offline": False, "latency": 300, "downloadThroughput": 50_000, "uploadThroughput": 50_000}
SLOWER = 4
RUNS = 5
# When the first value of the map has been laid out and a frame has passed [ms since the visit].
NUMBER = """new MutationObserver((_, observer) => {
    if (!/[0-9]/.test(document.querySelector('svg.map')?.textContent)) return;
    observer.disconnect();
    requestAnimationFrame(() => setTimeout(() => { window.firstNumber = performance.now(); }));
}).observe(document, {childList: true, subtree: true});"""
CONNECTIONS, SECONDS = 64, 5
NGINX = """daemon off; user {user}; worker_processes 1; pid {folder}/pid; error_log {folder}/errors;
events {{ worker_connections 256; }}
http {{
    access_log off; types {{ text/html html; }} charset utf-8;
    open_file_cache max=1000; open_file_cache_valid 60s; sendfile off; keepalive_requests 100000000;
    client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; uwsgi_temp_path {folder}/u;
    fastcgi_temp_path {folder}/fastcgi; scgi_temp_path {folder}/scgi;
    server {{ listen 127.0.0.1:{port}; root {root}; }}
}}"""


def run(stores: Stores) -> list[Case]:
    """On an evening of the simulator with acts in force."""
    say("an evening with acts in force")
    url = f"sqlite:///{stores.folder / 'evening.db'}"
    port = free_port()
    demo = ("-m", "aq", "demo", "--port", str(port))
    size = ("--stations", str(STATIONS), "--days", str(DAYS))
    given = environment(url, AQ_HOME=str(stores.folder))
    with process(*demo, *size, given=given, answers=f"http://127.0.0.1:{port}/healthz"):
        pass
    with dashboard(url) as (address, _):
        return [*_phone(address), *_folder(stores, url, address)]


def _phone(address: str) -> list[Case]:
    say("/now on a slow phone")
    milliseconds, sizes = [], []
    for _ in range(RUNS):
        with window() as page:
            line = page.context.new_cdp_session(page)
            line.send("Network.enable")
            line.send("Network.emulateNetworkConditions", PHONE)
            line.send("Emulation.setCPUThrottlingRate", {"rate": SLOWER})
            bodies: list[int] = []
            line.on("Network.dataReceived", lambda event, to=bodies: to.append(event["dataLength"]))
            page.add_init_script(NUMBER)
            page.goto(f"{address}/now", wait_until="networkidle")
            milliseconds.append(page.wait_for_function("window.firstNumber").json_value())
            sizes.append(sum(bodies))
    seconds, kilobytes = sorted(milliseconds)[RUNS // 2] / 1000, max(sizes) / 1000
    return [
        Case(
            bench="public",
            case="/now in all, before it is packed",
            unit="kB",
            runs=RUNS,
            ours=kilobytes,
            goals=(below("kB", kilobytes, 60),),
        ),
        Case(
            bench="public",
            case="/now: first number at 400 kbit/s, 300 ms, processor 4 × slower",
            runs=RUNS,
            ours=seconds,
            goals=(below("s", seconds, 1),),
        ),
    ]


def _folder(stores: Stores, url: str, address: str) -> list[Case]:
    nginx, wrk = shutil.which("nginx"), shutil.which("wrk")
    if nginx is None or wrk is None:
        say("the folder's rate is left out without nginx and wrk (apt-get install nginx-light wrk)")
        return []
    folder = stores.folder / "public"
    context = open_runtime(url)
    publish(context, str(folder))
    context.store.close()
    say("the live /strip, then the folder's")
    live = _rate(wrk, f"{address}/strip")
    with _static(nginx, folder) as published:
        static = _rate(wrk, f"{published}/strip.html")
    return [
        Case(
            bench="public",
            case="published strip by nginx, answers a second (plain: live)",
            unit="/s",
            runs=1,
            ours=static,
            plain=live,
            goals=(Goal(text="10 × the live /strip", found=static / live, bound=10),),
        )
    ]


@contextmanager
def _static(nginx: str, root: Path) -> Iterator[str]:
    folder, port = root.with_name("nginx"), free_port()
    folder.mkdir(exist_ok=True)
    settings = folder / "nginx.conf"
    settings.write_text(NGINX.format(user=getuser(), folder=folder, port=port, root=root), "utf-8")
    command = (nginx, "-c", str(settings), "-e", str(folder / "errors"))
    address = f"http://127.0.0.1:{port}"
    given = environment("sqlite://")
    with program(command, given=given, answers=f"{address}/strip.html"):
        yield address


def _rate(wrk: str, address: str) -> float:
    """Answers a second, over kept connections."""
    command = [wrk, "-t1", f"-c{CONNECTIONS}", f"-d{SECONDS}s", address]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    if "Non-2xx" in said:
        raise SystemExit(said)
    (found,) = re.findall(r"^Requests/sec: +([\d.]+)$", said, re.MULTILINE)
    return float(found)
