"""The simulator's server: routes, keys, faults; alone on a port or in a thread for tests."""

import json
import socket
import threading
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from types import TracebackType
from typing import Self

import uvicorn
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from aq.domain.clock import Clock
from aq.simulator import envelope, openmeteo
from aq.simulator.airkorea import AirKorea
from aq.simulator.envelope import Reply
from aq.simulator.faults import Wire, bend_openmeteo, openmeteo_error, refusal_of, view_of
from aq.simulator.notices import Notices
from aq.simulator.operation import BadParameterError, Operation, page_of
from aq.simulator.recording import Recording
from aq.simulator.replay import Replay
from aq.simulator.scenario import AIRKOREA, OPENMETEO, Fault, Scenario
from aq.simulator.world import World

MARK = {"X-AQ-Simulated": "1"}
AIRKOREA_PATH, OPENMETEO_PATH = "/B552584", "/v1/air-quality"
MODEL_OPERATION = "air-quality"
_START_SECONDS = 15


class Simulator:
    """What the server answers from; `world`, `clock`, `scenario` and `key` may be set any time.

    Parameters
    ----------
    key : the service key that AirKorea calls must carry; None takes any
    recording : answers AirKorea's operations instead of the world
    """

    def __init__(
        self,
        world: World,
        clock: Clock | None = None,
        scenario: Scenario | None = None,
        key: str | None = None,
        recording: Recording | None = None,
    ) -> None:
        self.world, self.key, self.recording = world, key, recording
        self.clock = clock or Clock()
        self.calls: Counter[str] = Counter()
        self._lock = threading.Lock()
        self.scenario = scenario or Scenario()

    @property
    def scenario(self) -> Scenario:
        """The faults in force; setting them counts their calls anew."""
        return self._scenario

    @scenario.setter
    def scenario(self, scenario: Scenario) -> None:
        with self._lock:
            self._scenario = scenario
            self._met = [0] * len(scenario.faults)

    def app(self) -> Starlette:
        """The ASGI application."""
        path = AIRKOREA_PATH + "/{service}/{operation}"
        return Starlette(
            routes=[
                Route(path, self._airkorea, methods=["GET"]),
                Route(OPENMETEO_PATH, self._openmeteo, methods=["GET"]),
            ],
            exception_handlers={HTTPException: self._unknown},
        )

    def _count(self, feed: str, operation: str, now: datetime) -> Sequence[Fault]:
        """Count a call and give the faults it meets."""
        with self._lock:
            self.calls[operation] += 1
            met = []
            for place, fault in enumerate(self._scenario.faults):
                if fault.selects(feed, operation):
                    self._met[place] += 1
                    if fault.happens(now, self._met[place]):
                        met.append(fault)
            return met

    async def _airkorea(self, request: Request) -> ASGIApp:
        operation = str(request.path_params["operation"])
        name = f"{request.path_params['service']}/{operation}"
        now = self.clock.now()
        faults = self._count(AIRKOREA, operation, now)
        params = dict(request.query_params)
        reply = await run_in_threadpool(self.airkorea, name, params, now, faults)
        return Wire(reply, faults, MARK)

    def airkorea(
        self, name: str, params: Mapping[str, str], now: datetime, faults: Sequence[Fault] = ()
    ) -> Reply:
        """AirKorea's answer to ``Service/operation``."""
        kinds = {fault.kind for fault in faults}
        as_json = params.get("returnType", params.get("_returnType")) == "json"
        as_json = as_json and "xml_instead_of_json" not in kinds
        refused = refusal_of(faults, AIRKOREA, as_json) or self._key_refusal(name, params)
        if refused:
            return refused
        operation = self._operations().get(name)
        if operation is None:
            unknown = envelope.gateway_xml("12")
            return Reply(body=unknown.body, kind=unknown.kind, status=404)
        view = view_of(faults)
        try:
            page = page_of(operation, params, now, view)
        except BadParameterError:
            return envelope.gateway_json("10", 400)
        if view.empty:
            return envelope.empty_success(as_json, page.rows)
        if "wrong_shapes" in kinds:
            return envelope.odd_success(page)
        return envelope.success(page, as_json)

    def _operations(self) -> Mapping[str, Operation]:
        notices = Notices(self.world, self.scenario.stories, self.scenario.yellow)
        if self.recording is not None:
            # Forecasts stay invented: a day without any is a failure of the source.
            return {**notices.operations, **Replay(self.recording, self.calls).operations}
        return {**AirKorea(self.world, self.calls).operations, **notices.operations}

    def _key_refusal(self, name: str, params: Mapping[str, str]) -> Reply | None:
        # One service kept the capital of the old host.
        given = params.get("ServiceKey" if name.startswith("UserSportSvc/") else "serviceKey")
        if not given:
            return envelope.gateway_xml("20", envelope.KEY_IS_NULL)
        if self.key is not None and given != self.key:
            return envelope.gateway_xml("30")
        return None

    async def _openmeteo(self, request: Request) -> ASGIApp:
        now = self.clock.now()
        faults = self._count(OPENMETEO, MODEL_OPERATION, now)
        params = dict(request.query_params)
        reply = await run_in_threadpool(self.openmeteo, params, now, faults)
        return Wire(reply, faults, MARK)

    def openmeteo(
        self, params: Mapping[str, str], now: datetime, faults: Sequence[Fault] = ()
    ) -> Reply:
        """Open-Meteo's answer."""
        refused = refusal_of(faults, OPENMETEO, as_json=True)
        if refused:
            return refused
        try:
            value = openmeteo.answer(self.world, params, now, view_of(faults))
        except openmeteo.RequestError as error:
            return openmeteo_error(str(error), 400)
        if any(fault.kind == "wrong_shapes" for fault in faults):
            value = bend_openmeteo(value)
        body = json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
        return Reply(body=body, kind="application/json; charset=utf-8")

    async def _unknown(self, request: Request, error: Exception) -> Response:
        """Paths and methods that neither feed has."""
        del request
        status = error.status_code if isinstance(error, HTTPException) else 404
        return JSONResponse({"error": True, "reason": "Not Found"}, status, MARK)


def make_server(app: Starlette) -> uvicorn.Server:
    """A server that says nothing itself: cut bodies would fill a log with complaints."""
    config = uvicorn.Config(
        app,
        log_config=None,
        log_level="critical",
        access_log=False,
        lifespan="off",
        timeout_graceful_shutdown=1,
        timeout_keep_alive=30,
    )
    return uvicorn.Server(config)


class SimulatorServer(Simulator):
    """A simulator on a socket while the context lasts; `port` 0 takes a free one."""

    def __init__(
        self,
        world: World,
        clock: Clock | None = None,
        scenario: Scenario | None = None,
        port: int = 0,
        *,
        host: str = "127.0.0.1",
        key: str | None = None,
        recording: Recording | None = None,
    ) -> None:
        super().__init__(world, clock, scenario, key, recording)
        self.host, self.port = host, port

    def __enter__(self) -> Self:
        self._socket = socket.create_server((self.host, self.port))
        self.port = self._socket.getsockname()[1]
        self._server = make_server(self.app())
        self._thread = threading.Thread(
            target=self._server.run, kwargs={"sockets": [self._socket]}, daemon=True
        )
        self._thread.start()
        deadline = time.monotonic() + _START_SECONDS
        while not self._server.started:
            if not self._thread.is_alive() or time.monotonic() > deadline:
                raise RuntimeError("the simulator did not start")
            time.sleep(0.005)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._server.should_exit = True
        self._thread.join(_START_SECONDS)
        self._socket.close()

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://{self.host}:{self.port}"

    @property
    def airkorea_url(self) -> str:
        """The base that ``Service/operation`` is appended to."""
        return self.url + AIRKOREA_PATH

    @property
    def openmeteo_url(self) -> str:
        """The full address of the model's operation."""
        return self.url + OPENMETEO_PATH
