"""The procedure's numbers as data: limits, durations, targets, and how they shrink with a short window.

Times are seconds, latencies milliseconds, rates shares between 0 and 1 (load is in percent, as Azure tells it).
The defaults are the written procedure's; what it leaves open is said beside the field.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace

REFERENCE_WINDOW_S = 900.0
"""The procedure's critical window: all its durations are written for this one."""

_RATES = ("error_rate", "target_error_rate", "coverage", "alpha", "early_limit", "early_alpha")
_COUNTS = (
    "error_min_failures",
    "error_min_requests",
    "degradation_min_requests",
    "unavailable_min",
    "granularity_fits",
    "synthetic_steps",
)
_FLAGS = (
    "require_ready",
    "require_telemetry",
    "go_early",
    "hold_on_shared_fault",
    "rollback_on_journey",
    "synthetic_go",
)
SLOWEST_STEPS, FASTEST_STEPS = 60, 600
"""Steps of journeys a minute: fewer carry no GO, more would be a load on the application and on real accounts."""
PAGE_UNATTENDED, ROLLBACK_UNATTENDED = "page", "rollback"
_WORDS = {"unattended": (PAGE_UNATTENDED, ROLLBACK_UNATTENDED)}
_MAY_BE_ZERO = ("letter_ms", "tolerance", "skew_s", "platform_delay_s", "keep_warm_s")


@dataclass(frozen=True, slots=True)
class Policy:
    """Limits and rules of one run. ValueError names the field that cannot be.

    ``scale`` is 1 for the written durations and f after `scaled`; it is kept so that nothing is scaled twice.
    """

    window_s: float = REFERENCE_WINDOW_S
    bin_s: float = 60.0
    error_rate: float = 0.05
    error_for_s: float = 300.0
    error_min_failures: int = 3
    error_min_requests: int = 20
    degradation: float = 1.5
    # The procedure gives no duration; read as one minute the rule rolls back a third of healthy releases.
    degradation_for_s: float = 300.0
    degradation_min_requests: int = 40
    letter_ms: float = 50.0
    unavailable_for_s: float = 20.0
    unavailable_floor_s: float = 3.0
    unavailable_min: int = 3
    target_error_rate: float = 0.01
    target_p50_ms: float = 100.0
    target_p95_ms: float = 200.0
    target_p99_ms: float = 500.0
    # "Not worse than the baseline" where a target is missed: at most this share above it.
    tolerance: float = 0.20
    warning_p95_ms: float = 500.0
    warning_p95_for_s: float = 600.0
    warning_cpu_percent: float = 80.0
    warning_memory_percent: float = 85.0
    warning_load_for_s: float = 900.0
    baseline_s: float = 300.0
    baseline_floor_s: float = 20.0
    extended_s: float = 1800.0
    poll_probes_s: float = 1.0
    poll_logs_s: float = 15.0
    poll_platform_s: float = 60.0
    poll_floor_s: float = 1.0
    # Platform metrics are in the metrics database in under a minute (Azure Monitor, data ingestion time).
    platform_delay_s: float = 60.0
    skew_s: float = 5.0
    coverage: float = 0.70
    # The early tests (core.early): a block of users' requests, how long a fault must last by what can be known of it,
    # and how long a good spell may be within one. A usual spike of a dependency is over after two and a half minutes.
    block_s: float = 15.0
    early_limit: float = 0.02
    early_alpha: float = 0.01
    early_patience_s: float = 165.0
    early_at_switch_s: float = 75.0
    early_severe_s: float = 45.0
    early_controlled_s: float = 30.0
    early_calm_s: float = 60.0
    warm_up_s: float = 80.0
    # Chance of calling the error rate below its limit when it is not (exact binomial, one-sided).
    alpha: float = 0.05
    granularity_fits: int = 4
    require_ready: bool = False
    # Production is not switched to a version whose telemetry does not come under its name: nobody could judge it.
    require_telemetry: bool = True
    go_early: bool = False
    hold_on_shared_fault: bool = False
    # A critical journey that fails twice in a row in production: ROLLBACK, else HOLD for a person.
    rollback_on_journey: bool = False
    # Where users are too few to judge by, critical journeys at so many steps a minute may carry a GO (core.synthetic).
    synthetic_go: bool = False
    synthetic_steps: int = SLOWEST_STEPS
    # So many times its length the critical window may last, where a person extends it.
    longest_window: float = 2.0
    keep_warm_s: float = 86400.0
    # Who is called (core.alarm): after 00:00 once the window's last data may have come, and again until somebody
    # answers. What a ROLLBACK verdict does that nobody has acknowledged for so long.
    page_after_s: float = 60.0
    page_every_s: float = 300.0
    unattended: str = PAGE_UNATTENDED
    unattended_after_s: float = 600.0
    # A signature of what is due until START says how things were when it was given; the procedure names no term.
    signature_s: float = 43200.0
    scale: float = 1.0

    def __post_init__(self) -> None:
        """Refuse numbers that no rule can be built on; ValueError with the field, the value and what is allowed."""
        for name, value in asdict(self).items():
            _check_type(name, value)
            if name not in _FLAGS and name not in _WORDS:
                _check_number(name, value)
        if self.degradation <= 1.0:
            raise ValueError(f"policy: degradation is a factor above 1, found {self.degradation}")
        if not SLOWEST_STEPS <= self.synthetic_steps <= FASTEST_STEPS:
            allowed = f"{SLOWEST_STEPS} to {FASTEST_STEPS} steps a minute"
            raise ValueError(f"policy: synthetic_steps is {allowed}, found {self.synthetic_steps}")
        if self.longest_window < 1.0:
            raise ValueError(f"policy: longest_window is a factor from 1, found {self.longest_window}")
        if self.scale > 1.0:
            raise ValueError(f"policy: scale is at most 1, found {self.scale}")
        if self.bin_s > self.window_s:
            raise ValueError(f"policy: bin_s ({self.bin_s} s) does not fit into window_s ({self.window_s} s)")

    def scaled(self, window_s: float) -> Policy:
        """The same rules for a window of ``window_s`` seconds (at least 1).

        Bins, trigger and warning durations, poll intervals, baseline, extended validation and the times of a page are
        multiplied by f = window / 900 s, each down to its floor; rates, counts, minima, delays and the time the old
        version is kept warm are not. A window longer than the procedure's keeps the written durations: a trigger that
        says five minutes means five minutes. ValueError when this policy is scaled already.
        """
        if not math.isfinite(window_s) or window_s < 1.0:
            raise ValueError(f"policy: a window lasts at least 1 s, found {window_s}")
        if self.scale != 1.0:
            raise ValueError(f"policy: already scaled by {self.scale:g}; scale the written policy instead")
        factor = min(1.0, window_s / REFERENCE_WINDOW_S)
        return replace(
            self,
            window_s=float(window_s),
            bin_s=self.bin_s * factor,
            error_for_s=self.error_for_s * factor,
            degradation_for_s=self.degradation_for_s * factor,
            unavailable_for_s=max(self.unavailable_floor_s, self.unavailable_for_s * factor),
            warning_p95_for_s=self.warning_p95_for_s * factor,
            warning_load_for_s=self.warning_load_for_s * factor,
            baseline_s=max(self.baseline_floor_s, self.baseline_s * factor),
            extended_s=self.extended_s * factor,
            block_s=self.block_s * factor,
            early_patience_s=self.early_patience_s * factor,
            early_at_switch_s=self.early_at_switch_s * factor,
            early_severe_s=self.early_severe_s * factor,
            early_controlled_s=self.early_controlled_s * factor,
            early_calm_s=self.early_calm_s * factor,
            warm_up_s=self.warm_up_s * factor,
            page_after_s=self.page_after_s * factor,
            page_every_s=self.page_every_s * factor,
            unattended_after_s=self.unattended_after_s * factor,
            poll_probes_s=max(self.poll_floor_s, self.poll_probes_s * factor),
            poll_logs_s=max(self.poll_floor_s, self.poll_logs_s * factor),
            poll_platform_s=max(self.poll_floor_s, self.poll_platform_s * factor),
            scale=factor,
        )

    def bins_beyond(self, duration_s: float) -> int:
        """How many whole bins last strictly longer than ``duration_s``: five minutes of minutes give six."""
        return math.floor(duration_s / self.bin_s + 1e-9) + 1

    def to_dict(self) -> dict[str, float | int | bool | str]:
        """Every field by name, for the journal."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: Mapping[str, object]) -> Policy:
        """A policy from its journal form; absent fields take the written defaults.

        ValueError names an unknown field, a wrong type or an impossible number.
        """
        known = {field.name: field for field in fields(cls)}
        unknown = sorted(set(values) - set(known))
        if unknown:
            raise ValueError(f"policy: unknown field {unknown[0]!r}; allowed are {', '.join(sorted(known))}")
        typed: dict[str, float | int | bool | str] = {name: _check_type(name, value) for name, value in values.items()}
        return cls(**typed)  # type: ignore[arg-type]  # each value was checked against its field's kind just above


def _check_type(name: str, value: object) -> float | int | bool | str:
    """The value, if it is of the field's kind: a switch, one of some words, a whole number or a number."""
    if name in _WORDS:
        if isinstance(value, str) and value in _WORDS[name]:
            return value
        raise ValueError(f"policy: {name} is {' or '.join(_WORDS[name])}, found {value!r}")
    kind = "true or false" if name in _FLAGS else "a whole number" if name in _COUNTS else "a number"
    if name in _FLAGS and isinstance(value, bool):
        return value
    if name not in _FLAGS and not isinstance(value, bool):
        if isinstance(value, int):
            return value if name in _COUNTS else float(value)
        if isinstance(value, float) and name not in _COUNTS:
            return value
    raise ValueError(f"policy: {name} is {kind}, found {value!r}")


def _check_number(name: str, value: float) -> None:
    if not math.isfinite(value):
        raise ValueError(f"policy: {name} is a finite number, found {value}")
    if value < 0 or (value == 0 and name not in _MAY_BE_ZERO):
        raise ValueError(f"policy: {name} is above 0, found {value}")
    if name in _RATES and value >= 1:
        raise ValueError(f"policy: {name} is a share below 1, found {value}")
