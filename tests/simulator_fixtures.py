"""Fixtures: a simulated world of 120 stations and a server of it on a real socket."""

from collections.abc import Iterator

import pytest

from aq.domain.clock import Clock
from aq.simulator.scenario import Scenario
from aq.simulator.server import SimulatorServer
from aq.simulator.world import World
from tests.simulating import COUNT, NOW


@pytest.fixture(scope="session")
def world() -> World:
    return World(COUNT, seed=17)


@pytest.fixture(scope="session")
def running(world: World) -> Iterator[SimulatorServer]:
    with SimulatorServer(world) as server:
        yield server


@pytest.fixture
def server(running: SimulatorServer) -> SimulatorServer:
    running.clock, running.scenario, running.key = Clock.from_text(NOW), Scenario(), None
    running.calls.clear()
    return running
