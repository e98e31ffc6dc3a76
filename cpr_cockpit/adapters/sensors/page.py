"""The page with the files that it names, fetched as a browser would fetch them: no script of it runs here."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from html.parser import HTMLParser
from urllib.parse import urljoin

import httpx

from cpr_cockpit.adapters.over_http import TooLong, bounded, same_origin, words_of
from cpr_cockpit.adapters.own_requests import marks
from cpr_cockpit.core.ports import Clock
from cpr_cockpit.core.sensing import Reading, State
from cpr_cockpit.core.verdict import clock_time

MOST_FILES, LONGEST = 60, 8 * 1024 * 1024
"""Files of a page that are fetched, and bytes that each may have."""
_AT_ONCE = 6  # as browsers do to one host


@dataclass(frozen=True, slots=True)
class PageItems:
    """Which checklist items a page is evidence for: that it ``loads``, and how fast its ``time`` is."""

    loads: str
    time: str


class Page:
    """Fetches the page of an address. Files of other hosts, and those beyond the first 60, are left out and counted."""

    timeout_s = 20.0

    def __init__(self, url: str, items: PageItems, client: httpx.AsyncClient, clock: Clock, target_ms: float) -> None:
        self.items = (items.loads, items.time)
        self._items = items
        self._url = url
        self._client = client
        self._clock = clock
        self._target_ms = target_ms
        self._headers = marks()

    async def read(self) -> tuple[Reading, ...]:
        """Failed where one of them is no 2xx; how long a page took that did not load whole is told to nobody."""
        began = time.perf_counter()
        try:
            page = await self._fetched(self._url)
            named = files_of(page.decode("utf-8", "replace"), self._url)
            own = [one for one in named if same_origin(one, self._url)][:MOST_FILES]
            turn = asyncio.Semaphore(_AT_ONCE)

            async def in_turn(url: str) -> int:
                async with turn:
                    return len(await self._fetched(url))

            sizes = await asyncio.gather(*(in_turn(one) for one in own))
        except _Wrong as wrong:
            return (self._loads(State.FAILED, str(wrong)), self._slow(State.UNKNOWN, "it did not load whole"))
        ms = (time.perf_counter() - began) * 1000.0
        left = len(named) - len(own)
        words = f"the page and {len(own)} files, {(len(page) + sum(sizes)) / 1024.0:.0f} KiB"
        words += f", {left} files of other hosts left out" if left else ""
        took = f"{ms:.0f} ms, the page's bytes over HTTP, no browser, n 1, target {self._target_ms:g} ms"
        return (
            self._loads(State.OK, f"{words}: 200, no script was run"),
            self._slow(State.OK if ms < self._target_ms else State.FAILED, took),
        )

    def _loads(self, state: State, words: str) -> Reading:
        return Reading(self._items.loads, state, f"{words}, at {clock_time(self._clock.now())}")

    def _slow(self, state: State, words: str) -> Reading:
        return Reading(self._items.time, state, f"{words}, at {clock_time(self._clock.now())}", n=1)

    async def _fetched(self, url: str) -> bytes:
        try:
            async with self._client.stream("GET", url, headers=self._headers) as answer:
                body = await bounded(answer, LONGEST)
        except (httpx.HTTPError, httpx.InvalidURL, TooLong) as error:
            raise _Wrong(f"{httpx.URL(url).path}: no answer ({words_of(error)})") from error
        if not answer.is_success:
            raise _Wrong(f"{httpx.URL(url).path} is answered {answer.status_code}")
        return body


class _Wrong(Exception):
    """What did not load, and why."""


def files_of(page: str, url: str) -> list[str]:
    """The addresses of scripts, style sheets, icons and pictures that a page names, each once, in their order."""
    found = _Named()
    found.feed(page)
    addresses = []
    for one in found.named:
        try:
            address = urljoin(url, one)
        except ValueError:
            continue
        if address.startswith(("https:", "http:")):
            addresses.append(address.partition("#")[0])
    return list(dict.fromkeys(addresses))


class _Named(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.named: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Take what a browser fetches by itself."""
        told = {name: value or "" for name, value in attrs}
        kinds = set(told.get("rel", "").lower().split())
        if tag == "link" and kinds & {"stylesheet", "icon", "modulepreload"} and told.get("href"):
            self.named.append(told["href"])
        elif tag in ("script", "img") and told.get("src"):
            self.named.append(told["src"])
