"""When the critical window ends: T0 plus its length, and what a person has added to it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cpr_cockpit.core.policy import Policy

if TYPE_CHECKING:
    from cpr_cockpit.core.run import Run


def deadline_of(run: Run, policy: Policy) -> float | None:
    """Epoch seconds; None before T0. ``policy`` is scaled to the window."""
    return None if run.t0 is None else run.t0 + policy.window_s
