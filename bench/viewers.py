"""Viewers: Streamlit's own protocol over real websockets, each with a session, clicking the map."""

import asyncio
import json
import random
import statistics
import time
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, field

from streamlit.components.v2.bidi_component.constants import EVENT_DELIM
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.proto.WidgetStates_pb2 import WidgetStates
from streamlit.runtime.state.session_state import STREAMLIT_INTERNAL_KEY_PREFIX
from websockets.asyncio.client import ClientConnection, connect

from aq.domain.provinces import PROVINCES

CODES = [one.code for one in PROVINCES]
DONE = ForwardMsg.FINISHED_SUCCESSFULLY
ANSWER_SECONDS = 120


@dataclass(kw_only=True)
class Load:
    """What viewers waited for [s], and the bytes they got for it."""

    first: list[float] = field(default_factory=list)
    clicks: list[float] = field(default_factory=list)
    sent: int = 0
    lost: int = 0

    @property
    def median(self) -> float:
        """Of all clicks."""
        return statistics.median(self.clicks)

    @property
    def p95(self) -> float:
        """Of all clicks."""
        return quantile(self.clicks, 0.95)


def quantile(values: Sequence[float], share: float) -> float:
    """The value that a share of all is not above."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


class Viewer:
    """One open page. It remembers cached messages as a browser does."""

    def __init__(self, socket: ClientConnection, load: Load, deadline: float) -> None:
        self._socket, self._load, self._deadline = socket, load, deadline
        self._map: str | None = None
        self._script = ""
        self._known: dict[str, str | None] = {}  # message -> the map it draws, if it does
        self._before = ""

    async def open(self) -> None:
        """The first run of the page."""
        self._load.first.append(await self._run(WidgetStates()))

    async def click(self) -> None:
        """A click on another province of the map."""
        code = random.choice([one for one in CODES if one != self._before])
        self._before = code
        states = WidgetStates()
        if self._map is None:
            raise RuntimeError("the page drew no map")
        event = [{"event": "choice", "value": f"pick {code}"}]
        trigger = f"{STREAMLIT_INTERNAL_KEY_PREFIX}_{self._map}{EVENT_DELIM}events"
        states.widgets.add(id=self._map, json_value="{}")
        states.widgets.add(id=trigger, json_trigger_value=json.dumps(event))
        self._load.clicks.append(await self._run(states))

    async def _run(self, states: WidgetStates) -> float:
        message = BackMsg()
        rerun = message.rerun_script
        rerun.query_string = f"p={self._before}" if self._before else ""
        rerun.page_script_hash = self._script
        rerun.widget_states.CopyFrom(states)
        rerun.cached_message_hashes.extend(self._known)
        rerun.context_info.timezone = "Asia/Seoul"
        rerun.context_info.color_scheme = "light"
        began = time.perf_counter()
        await self._socket.send(message.SerializeToString())
        try:
            async with asyncio.timeout(self._deadline - began):
                while True:
                    data = await self._socket.recv()
                    self._load.sent += len(data)
                    if self._take(data):  # type: ignore[arg-type]
                        return time.perf_counter() - began
        except TimeoutError:
            self._load.clicks.append(time.perf_counter() - began)
            raise

    def _take(self, data: bytes) -> bool:
        message = ForwardMsg.FromString(data)
        kind = message.WhichOneof("type")
        drawn = self._known.get(message.ref_hash) if kind == "ref_hash" else None
        if kind == "delta" and message.delta.WhichOneof("type") == "new_element":
            element = message.delta.new_element
            if element.WhichOneof("type") == "exception":
                raise RuntimeError(f"the page failed: {element.exception.message}")
            part = element.bidi_component
            packed = part.bytes if part.component_name == "aq_drawing" else zlib.compress(b"")
            if b'class=\\"map\\"' in zlib.decompress(packed):
                drawn = part.id
        elif kind == "new_session":
            self._script = message.new_session.page_script_hash
        if message.metadata.cacheable:
            self._known.setdefault(message.hash, drawn)
        self._map = drawn or self._map
        return kind == "script_finished" and message.script_finished == DONE


async def _viewer(
    address: str, load: Load, delay: float, every: float, end: float, patience: float
) -> None:
    await asyncio.sleep(delay)
    url = f"{address.replace('http', 'ws')}/_stcore/stream"
    async with connect(
        url, subprotocols=["streamlit"], compression=None, max_size=None, open_timeout=patience
    ) as socket:
        viewer = Viewer(socket, load, end + patience)
        await viewer.open()
        due = time.perf_counter() + every * random.random()
        while True:  # once at least, also where a crowd has not seen its first page by the end
            await asyncio.sleep(max(0.0, due - time.perf_counter()))
            if time.perf_counter() > end + patience / 2:
                return
            await viewer.click()
            due = max(due + every, time.perf_counter())
            if due >= end:
                return


async def _crowd(address: str, viewers: int, seconds: float, every: float, patience: float) -> Load:
    load = Load()
    arrival = every if viewers > 1 else 0
    end = time.perf_counter() + arrival + seconds
    tasks = [
        _viewer(address, load, arrival * place / viewers, every, end, patience)
        for place in range(viewers)
    ]
    for outcome in await asyncio.gather(*tasks, return_exceptions=True):
        if isinstance(outcome, BaseException):
            load.lost += 1
    return load


def watch(
    address: str,
    viewers: int,
    seconds: float,
    every: float = 5.0,
    patience: float = ANSWER_SECONDS,
) -> Load:
    """`viewers` open the page one after the other and then click every so often, for a while.

    Who waits `patience` seconds after its end gives up, and has waited that long for a click.
    """
    return asyncio.run(_crowd(address, viewers, seconds, every, patience))
