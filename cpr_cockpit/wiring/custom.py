"""The custom signals of ``cockpit.toml`` as readers of an environment."""

from __future__ import annotations

from contextlib import AsyncExitStack
from typing import TYPE_CHECKING

from cpr_cockpit.config import Figure, Signal
from cpr_cockpit.core.business import FigureReader, FigureSpec
from cpr_cockpit.core.ports import Clock, Reader
from cpr_cockpit.wiring.target import Place

if TYPE_CHECKING:
    from cpr_cockpit.adapters.azure.credentials import PinnedCredential
    from cpr_cockpit.adapters.azure.transport import SharedTransport
    from cpr_cockpit.adapters.connections import Connections
    from cpr_cockpit.adapters.custom_url import Header


def custom_readers(
    stack: AsyncExitStack,
    place: Place,
    credential: PinnedCredential,
    transport: SharedTransport,
    connections: Connections,
    clock: Clock,
) -> tuple[Reader, ...]:
    """A reader for each signal, in their order; what they share is closed with ``stack``."""
    from cpr_cockpit.adapters.azure.custom_logs import KqlSignal, SignalLogs
    from cpr_cockpit.adapters.custom_url import UrlSignal

    if not place.signals:
        return ()
    logs = SignalLogs(place.azure, credential, transport, clock)
    stack.push_async_callback(logs.close)
    readers: list[Reader] = []
    for signal in place.signals:
        spec = signal.spec(place.telemetry_delay_s)
        if signal.kql is not None:
            readers.append(KqlSignal(logs, spec, signal.kql, signal.delay_s or 0.0))
        else:
            url, pointer = signal.url or "", signal.field or ""
            readers.append(UrlSignal(connections, clock, spec, url, pointer, _header(place, signal)))
    return tuple(readers)


def _header(place: Place, signal: Signal | Figure) -> Header | None:
    from cpr_cockpit.adapters.custom_url import Header

    if signal.header is None or signal.header_env is None:
        return None
    return Header(signal.header, signal.header_env, place.secrets.get(signal.header_env))


def figure_readers(
    stack: AsyncExitStack,
    place: Place,
    credential: PinnedCredential,
    transport: SharedTransport,
    connections: Connections,
    clock: Clock,
) -> tuple[FigureReader, ...]:
    """A reader for each declared figure of the business; what they share is closed with ``stack``."""
    from cpr_cockpit.adapters.azure.custom_logs import SignalLogs
    from cpr_cockpit.adapters.custom_url import UrlSignal
    from cpr_cockpit.adapters.figures import KqlFigure, UrlFigure
    from cpr_cockpit.core.custom import Limit, SignalSpec

    if not place.figures:
        return ()
    logs = SignalLogs(place.azure, credential, transport, clock)
    stack.push_async_callback(logs.close)
    readers: list[FigureReader] = []
    for one in place.figures:
        spec = FigureSpec(one.name, one.kind, one.unit, one.every_s)
        if one.kql is not None:
            readers.append(KqlFigure(spec, logs, one.kql))
            continue
        # It is read as a signal is; nothing judges it, so that its limit says nothing.
        unjudged = SignalSpec(one.name, Limit.BELOW, 0.0, 0.0, one.every_s)
        header = _header(place, one)
        readers.append(UrlFigure(spec, UrlSignal(connections, clock, unjudged, one.url or "", one.field or "", header)))
    return tuple(readers)
