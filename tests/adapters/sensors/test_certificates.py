from __future__ import annotations

import ssl
import time
from pathlib import Path

import pytest

from cpr_cockpit.adapters.sensors.certificates import Certificates, Host
from cpr_cockpit.core.ports import PortError
from cpr_cockpit.core.sensing import State
from tests.adapters.conftest import certificate, wire
from tests.azure.clocks import FixedClock
from tests.azure.wire import Wire

__all__ = ["certificate", "wire"]


def _trusting(certificate: tuple[Path, ssl.SSLContext]) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=str(certificate[0]))


@pytest.mark.parametrize(
    ("least", "state", "words"),
    [
        (0.5, State.OK, "1 days left"),
        (2.0, State.FAILED, "1 days left, at least 2 are wanted"),
    ],
)
async def test_the_days_left_of_what_is_really_served(
    wire: Wire, certificate: tuple[Path, ssl.SSLContext], least: float, state: State, words: str
) -> None:
    sensor = Certificates(
        [Host(wire.url), Host(wire.url + "/")], FixedClock(time.time()), _trusting(certificate), least
    )
    (reading,) = await sensor.read()
    assert (reading.state, reading.words) == (state, f"{wire.host}: {words}")


async def test_one_that_is_not_trusted_fails(wire: Wire) -> None:
    sensor = Certificates([Host(wire.url)], FixedClock(time.time()), ssl.create_default_context(), 0.0)
    (reading,) = await sensor.read()
    assert reading.state is State.FAILED
    assert "self-signed certificate" in reading.words


async def test_one_for_another_name_fails(wire: Wire, certificate: tuple[Path, ssl.SSLContext]) -> None:
    address = wire.url.replace("localhost", "127.1")  # the same address, and no name of the certificate's
    (reading,) = await Certificates([Host(address)], FixedClock(time.time()), _trusting(certificate), 0.0).read()
    assert reading.state is State.FAILED
    assert "127.1" in reading.words


async def test_a_host_that_does_not_answer_is_not_known(certificate: tuple[Path, ssl.SSLContext]) -> None:
    (reading,) = await Certificates(
        [Host("https://127.0.0.1:9")], FixedClock(time.time()), _trusting(certificate), 0.0
    ).read()
    assert reading.state is State.UNKNOWN
    assert reading.words.startswith("127.0.0.1:9: ")


@pytest.mark.parametrize(
    ("missing", "state", "words"),
    [
        ("slot green does not exist yet", State.NOTE, "127.0.0.1: slot green does not exist yet"),
        ("", State.UNKNOWN, "127.0.0.1:9: "),
        (PortError("Refused."), State.UNKNOWN, "127.0.0.1:9: "),
    ],
)
async def test_the_host_of_a_slot_that_is_not_there_yet_is_left_out(
    wire: Wire, certificate: tuple[Path, ssl.SSLContext], missing: str | PortError, state: State, words: str
) -> None:
    async def asked() -> str:
        if isinstance(missing, PortError):
            raise missing
        return missing

    hosts = [Host(wire.url, asked), Host("https://127.0.0.1:9", asked)]
    (reading,) = await Certificates(hosts, FixedClock(time.time()), _trusting(certificate), 0.5).read()
    assert reading.state is state
    assert words in reading.words
    assert ("days left" in reading.words) is (state is State.NOTE), "the other host is looked at"
