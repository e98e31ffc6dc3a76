"""The application's log: who follows it gets what is written from then on, until it is cut."""

from __future__ import annotations

import asyncio

from cpr_cockpit.lab.application_log import ApplicationLog
from cpr_cockpit.lab.rest.log_stream import follow


async def test_a_follower_is_greeted_and_gets_every_line_until_the_end() -> None:
    log = ApplicationLog()
    log.write("before anybody listened")
    lines = follow(log)
    assert "Welcome, you are now connected to log-streaming service." in await anext(lines)
    log.write("one")
    log.write("x" * 10_000)
    log.cut()
    log.write("after the end")
    assert [line async for line in lines] == ["one", "x" * 4096]
    other = [line async for line in _cut_at_once(log)]
    assert len(other) == 1, "a log that was cut for some is open for others"


async def _cut_at_once(log: ApplicationLog):  # type: ignore[no-untyped-def]
    async for line in follow(log):
        yield line
        log.cut()


async def test_silence_is_told() -> None:
    log = ApplicationLog()
    lines = follow(log, quiet=0.01)
    await anext(lines)
    assert (await anext(lines)).endswith("  No new trace in the past 1 min(s).")
    log.write("at last")
    assert await anext(lines) == "at last"
    await lines.aclose()


async def test_a_slow_follower_loses_the_oldest_lines_and_still_learns_of_the_end() -> None:
    log = ApplicationLog()
    with log.followed() as waiting, log.followed() as other:
        for number in range(1500):
            log.write(str(number))
        log.cut()
        await asyncio.sleep(0)
        kept = [waiting.get_nowait() for _ in range(waiting.qsize())]
        assert kept == [*(str(number) for number in range(501, 1500)), None]
        assert other.qsize() == 1000
