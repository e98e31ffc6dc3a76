"""The one place where ports meet adapters: builds a Session from a run's configuration.

``target``: where a run deploys to; ``run_config``: what the run's folder keeps of that; ``outside``: the adapters;
``sessions``: what is built of all three. The names below are what the rest of the program uses.
"""

from __future__ import annotations

from cpr_cockpit.wiring.outside import outside_of
from cpr_cockpit.wiring.run_config import CONFIG, SessionConfig, read_config, write_config
from cpr_cockpit.wiring.sensors import left_out
from cpr_cockpit.wiring.sessions import open_session, plan_of_run, plan_text
from cpr_cockpit.wiring.target import LAB_MODES, ConfigError, Place, Target, apps_of, environment_of, place_of

__all__ = [
    "CONFIG",
    "LAB_MODES",
    "ConfigError",
    "Place",
    "SessionConfig",
    "Target",
    "apps_of",
    "environment_of",
    "left_out",
    "open_session",
    "outside_of",
    "place_of",
    "plan_of_run",
    "plan_text",
    "read_config",
    "write_config",
]
