"""The table [workers]: the one rule of an app's background work, and how its instances tell of it."""

from __future__ import annotations

from typing import Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from cpr_cockpit.core.workers import STICKY_OFF, WORKER_RULES, WorkerRule


class Workers(BaseModel):
    """``setting`` with the value ``off`` switches an instance's workers off; it belongs to ``sticky-off`` alone."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    rule: str = Field(
        pattern=f"^({'|'.join(WORKER_RULES)})$",
        description='"sticky-off" (a setting keeps them off in the slot), "idempotent" (they may run twice) or "none"',
    )
    setting: str = Field(
        "",
        pattern=r"^([A-Za-z_][\w.:-]{0,127})?$",
        description="the app setting that switches workers off, such as WORKERS_ENABLED or WEBJOBS_STOPPED",
    )
    off: str = Field(
        "0", max_length=100, pattern=r"^\S(.*\S)?$", description='the value that switches them off, such as "0"'
    )
    path: str = Field(
        "",
        pattern=r"^(/([A-Za-z0-9._~%-]+/?)+)?$",
        description="a plain path by which an instance tells its hosted services and its queue, such as /api/workers; "
        "without it the setting and the WebJobs alone are the proof",
    )

    @model_validator(mode="after")
    def _has_its_setting(self) -> Self:
        if self.rule == STICKY_OFF and not self.setting:
            raise ValueError(f'the rule is "{STICKY_OFF}", and setting is missing: what switches the workers off')
        if self.rule != STICKY_OFF and self.setting:
            raise ValueError(f'setting belongs to the rule "{STICKY_OFF}", and the rule is "{self.rule}"')
        return self

    @property
    def declared(self) -> WorkerRule:
        """As a run is told."""
        return WorkerRule(self.rule, self.setting, self.off if self.setting else "")
