"""Ways to ask a simulator on a real socket."""

from typing import Any

import requests

from aq.paths import ROOT
from aq.simulator import scenario as scenarios
from aq.simulator.server import SimulatorServer

FIXTURES = ROOT / "tests" / "fixtures" / "scenarios"
NOW = "2026-11-23T20:30+09:00"
REALTIME = "ArpltnInforInqireSvc/getCtprvnRltmMesureDnsty"
STATION = "ArpltnInforInqireSvc/getMsrstnAcctoRltmMesureDnsty"
LIST = "MsrstnInfoInqireSvc/getMsrstnList"
MEANS = "ArpltnStatsSvc/getCtprvnMesureLIst"
CALLS = "UserSportSvc/getSvckeyDalyStats"
COUNT = 120


def ask(server: SimulatorServer, operation: str, **params: object) -> requests.Response:
    params = {"serviceKey": "k", "returnType": "json", "numOfRows": 1000, "ver": "1.5", **params}
    return requests.get(f"{server.airkorea_url}/{operation}", params=params, timeout=60)


def body(server: SimulatorServer, operation: str, **params: object) -> dict[str, Any]:
    envelope = ask(server, operation, **params).json()["response"]
    assert envelope["header"] == {"resultMsg": "NORMAL_CODE", "resultCode": "00"}
    found: dict[str, Any] = envelope["body"]
    return found


def model(server: SimulatorServer, **params: object) -> requests.Response:
    params = {"latitude": 37.5665, "longitude": 126.978, "hourly": "pm2_5", **params}
    return requests.get(server.openmeteo_url, params=params, timeout=60)


def meet(server: SimulatorServer, text: str) -> None:
    server.scenario = scenarios.parse(f"[[fault]]\n{text}")
