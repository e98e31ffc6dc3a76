"""``cockpit.toml`` and the environment's variables as typed, frozen settings; every problem with its file and line."""

from __future__ import annotations

from cpr_cockpit.config.checks_table import Check, Code
from cpr_cockpit.config.figures_table import Figure
from cpr_cockpit.config.github_table import GitHub
from cpr_cockpit.config.journeys_table import Journey, JourneyStep, Secret
from cpr_cockpit.config.loading import NAME, STAGING_TOKEN, USER_TOKEN, Loaded, find, load
from cpr_cockpit.config.model import App, Artifacts, Cloud, Environment, Person, Settings, Smoke
from cpr_cockpit.config.notify_table import Notify
from cpr_cockpit.config.pipeline_table import PIPELINE_TOKEN, Pipeline
from cpr_cockpit.config.problems import Problem, SettingsError
from cpr_cockpit.config.sentry_table import Sentry
from cpr_cockpit.config.signals_table import Signal
from cpr_cockpit.config.workers_table import Workers

__all__ = [
    "NAME",
    "PIPELINE_TOKEN",
    "STAGING_TOKEN",
    "USER_TOKEN",
    "App",
    "Artifacts",
    "Check",
    "Cloud",
    "Code",
    "Environment",
    "Figure",
    "GitHub",
    "Journey",
    "JourneyStep",
    "Loaded",
    "Notify",
    "Person",
    "Pipeline",
    "Problem",
    "Secret",
    "Sentry",
    "Settings",
    "SettingsError",
    "Signal",
    "Smoke",
    "Workers",
    "find",
    "load",
]
