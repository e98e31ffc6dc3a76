"""`python -m cpr_cockpit.lab.clients`: the lab's users, in a process of their own so that no load slows them.

Standard input: first one JSON line with the members of `Setup`; then a line `{"stop": true}`, as SIGTERM, lets the
requests under way finish, for 3 s at most; its end means that the lab is gone, and ends this process at once. Standard
output: `{"ready": true}`, or `{"refused": why}`; then each request's `counts.Result` as a JSON line, and what browsers
report, as `{"table": name, "row": row}`.
"""

from __future__ import annotations

import asyncio
import ctypes
import json
import os
import random
import signal
import ssl
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from types import SimpleNamespace
from typing import Any

import aiohttp
from yarl import URL

from cpr_cockpit.lab.browsers import Browsers
from cpr_cockpit.lab.counts import PINNED, UNPINNED, Result
from cpr_cockpit.lab.flags import HEADER
from cpr_cockpit.lab.wishes import Request, Wishes

GRACE = 3.0  # seconds that requests under way may take when told to stop
ROUTING_COOKIE = "x-ms-routing-name"
FRONT_COOKIE = "ASLBSA"  # the app that a front before several apps gave a session
_TIMEOUT = 60.0
# Far below the 75 s after which servers give up an idle connection: nothing is sent into one just being closed.
_KEEPALIVE = 15.0
_CATCH_UP = 2.0  # seconds behind its times beyond which a process that did not run leaves out what it missed
_USERS = 60  # of all kinds together
# What App Service's own sign-in, which stands before the product, says of who is signed in.
_WHO = "X-MS-CLIENT-PRINCIPAL-NAME"
_BROKEN = 500
_SESSION = 20.0  # seconds that a user keeps the cookie of an answer: an hour of App Service's, in a lab's time
_PR_SET_PDEATHSIG = 1


@dataclass(frozen=True, slots=True)
class Setup:
    """What the users are told: where production is, the file of the authority to trust, who they are, how many come.

    ``production_url``: or that of the front before several apps. ``slot``: to which the pinned ones hold a cookie;
    ``rate``: requests per second of all of them together.
    """

    production_url: str
    slot: str
    ca: str
    user_token: str
    seed: int
    rate: float


@dataclass(frozen=True, slots=True)
class _Kind:
    """``cookie``: what its users hold for good; None: what production last gave them, for the length of a session."""

    group: str
    cookie: str | None
    share: float


class _Sending:
    """When the headers of a request went out; the second time where a kept connection turned out to be closed."""

    __slots__ = ("at",)

    def __init__(self) -> None:
        self.at: float | None = None


async def _headers_sent(_: aiohttp.ClientSession, context: SimpleNamespace, __: object) -> None:
    context.trace_request_ctx.at = time.time()


class _Client:
    """The users of one kind: their connections, their cookie, the goals they made."""

    def __init__(
        self,
        kind: _Kind,
        setup: Setup,
        trust: ssl.SSLContext,
        report: Callable[[Result], None],
        browsers: Browsers,
    ) -> None:
        self._kind = kind
        self._browsers = browsers
        name = f"{kind.group}-{kind.cookie or 'new'}"
        self._users = [f"{name}-{number}@goals.example" for number in range(round(_USERS * kind.share))]
        self._version = ""  # of the page that the users' browsers show
        # Each user's cookies by name, and when the session of each ends.
        self._held: dict[str, dict[str, tuple[str, float]]] = {}
        self._base = URL(setup.production_url)
        self._token = {"Authorization": f"Bearer {setup.user_token}"}
        self._report = report
        self._wishes = Wishes()
        trace = aiohttp.TraceConfig()
        trace.on_request_headers_sent.append(_headers_sent)
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(ssl=trust, limit=0, keepalive_timeout=_KEEPALIVE),
            # Each user holds a cookie of their own: see _headers.
            cookie_jar=aiohttp.DummyCookieJar(),
            timeout=aiohttp.ClientTimeout(total=_TIMEOUT),
            trace_configs=[trace],
        )

    async def close(self) -> None:
        """Close the connections."""
        await self._session.close()

    async def turn(self, chance: random.Random) -> None:
        """One request, reported; not reported when cancelled: what we cut short is nobody's failure."""
        request, user = self._wishes.next(chance), chance.choice(self._users)
        sending, begun = _Sending(), time.time()
        facts: dict[str, Any] = {"version": "", "status": 0, "expected": False}
        try:
            async with self._session.request(
                request.method,
                self._base.join(URL(request.path)),
                headers=self._headers(request, user),
                json=request.body,
                allow_redirects=False,
                trace_request_ctx=sending,
            ) as answer:
                facts["version"] = answer.headers.get("x-app-version", "")
                facts["defect"] = answer.headers.get("x-lab-defect", "")
                facts["flag"] = answer.headers.get(HEADER, "")
                facts["app"] = answer.headers.get("x-lab-app", "")
                await answer.read()
            facts |= {"status": answer.status, "expected": answer.status in request.expected}
            self._wishes.learn(request, answer)
            self._hold(user, answer)
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            facts["error"] = f"{request.method} {request.path}: {type(error).__name__} {error}".rstrip()
            # A connection reset when writing was closed before: aiohttp says so without having written anything.
            facts["unsent"] = sending.at is None or isinstance(error, aiohttp.ClientConnectionResetError)
            self._wishes.doubt(request)
        if facts["status"] and not facts["expected"]:
            facts["error"] = f"{request.method} {request.path}"
        self._report(Result(sent=sending.at or begun, group=self._kind.group, **facts))
        self._seen(request, user, begun, facts)

    def _headers(self, request: Request, user: str) -> dict[str, str]:
        held, now = self._held.get(user, {}), time.time()
        cookies = {name: value for name, (value, until) in held.items() if now < until}
        if self._kind.cookie is not None:
            cookies[ROUTING_COOKIE] = self._kind.cookie
        headers = {"Cookie": "; ".join(f"{name}={value}" for name, value in cookies.items())} if cookies else {}
        return headers | self._token | {_WHO: user} if request.authorized else headers

    def _hold(self, user: str, answer: aiohttp.ClientResponse) -> None:
        """A cookie that came begins a session; one that was sent is not given again."""
        for name in (ROUTING_COOKIE, FRONT_COOKIE):
            given = answer.cookies.get(name)
            if given is not None:
                self._held.setdefault(user, {})[name] = (given.value, time.time() + _SESSION)

    def _seen(self, request: Request, user: str, begun: float, facts: dict[str, Any]) -> None:
        """What the user's browser makes of it: a page that is shown, or a call of its script that fails."""
        status, now = facts["status"], time.time()
        if request.path == "/":
            if facts["expected"]:
                self._version = facts["version"]
                self._browsers.viewed(user, self._version, begun, now - begun)
        elif request.authorized and (status == 0 or status >= _BROKEN):
            self._browsers.failed(user, self._version or facts["version"], now, status)


def _kinds(slot: str) -> tuple[_Kind, ...]:
    return _Kind(PINNED, slot, 0.1), _Kind(UNPINNED, "self", 0.2), _Kind(UNPINNED, None, 0.7)


async def _use(clients: dict[_Client, float], setup: Setup, stop: asyncio.Event) -> None:
    """Requests at the times of a Poisson process, whatever became of those before, until told to stop."""
    chance = random.Random(setup.seed)
    loop = asyncio.get_running_loop()
    due = loop.time()
    try:
        async with asyncio.timeout(None) as limit, asyncio.TaskGroup() as requests:
            while not stop.is_set():
                due = max(due, loop.time() - _CATCH_UP) + chance.expovariate(setup.rate)
                await _pause(stop, due - loop.time())
                client = chance.choices(list(clients), list(clients.values()))[0]
                requests.create_task(client.turn(chance))
            limit.reschedule(loop.time() + GRACE)
    except TimeoutError:
        sys.stderr.write(f"clients: what was not answered {GRACE:.0f} s after the stop is not counted\n")


async def _pause(stop: asyncio.Event, seconds: float) -> None:
    try:
        async with asyncio.timeout(max(0.0, seconds)):
            await stop.wait()
    except TimeoutError:
        return


def _say(message: dict[str, Any]) -> None:
    try:
        sys.stdout.write(json.dumps(message) + "\n")
        sys.stdout.flush()
    except BrokenPipeError:
        os._exit(1)  # nobody listens: the lab is gone


async def _listen(lab: asyncio.StreamReader, stop: asyncio.Event) -> None:
    while await lab.readline():
        stop.set()
    os._exit(1)  # the lab is gone


async def _standard_input() -> asyncio.StreamReader:
    reader = asyncio.StreamReader()
    loop = asyncio.get_running_loop()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    return reader


async def _main() -> int:
    lab, stop = await _standard_input(), asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    setup = Setup(**json.loads(await lab.readline()))
    try:
        trust = ssl.create_default_context(cafile=setup.ca)
    except OSError as error:  # an SSLError is one, too
        _say({"refused": f"the authority in {setup.ca} cannot be read: {error}"})
        return 1
    browsers = Browsers(setup.production_url, setup.seed, lambda table, row: _say({"table": table, "row": row}))
    clients = {
        _Client(kind, setup, trust, lambda result: _say(asdict(result)), browsers): kind.share
        for kind in _kinds(setup.slot)
    }
    listening = asyncio.create_task(_listen(lab, stop))
    _say({"ready": True})
    try:
        await _use(clients, setup, stop)
    finally:
        listening.cancel()
        await asyncio.gather(*(client.close() for client in clients))
    return 0


def _die_with_the_lab() -> None:
    """Be killed by Linux when the process that started this one dies, even while this one is stuck."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def main() -> int:
    """Send requests until told to stop; 0, or 1 where the lab is gone or the setup is of no use."""
    _die_with_the_lab()
    # A Ctrl-C in the terminal of the lab is the lab's: it stops its clients before their servers.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    return asyncio.run(_main())


if __name__ == "__main__":
    sys.exit(main())
