"""The table [merge]: how the feature's repositories are merged into main (step 4)."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

from cpr_cockpit.config.signals_table import Duration
from cpr_cockpit.core.code import MergeMethod
from cpr_cockpit.core.merging import MergePolicy

_METHODS = tuple(str(one) for one in MergeMethod)


class Merge(BaseModel):
    """Every key may be left out."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    method: str = Field("squash", pattern=f"^({'|'.join(_METHODS)})$", description=", ".join(_METHODS))
    approvals: int = Field(
        0, ge=0, le=10, description="approvals of the head that are waited for, 0 to 10; more where the host asks so"
    )
    checks_s: Duration = Field(
        1800.0, ge=30, description='how long checks and reviews are waited for: seconds, or text such as "30m"'
    )
    build_s: Duration = Field(
        1800.0, ge=30, description="how long the build of a merge commit is waited for, as checks_s"
    )
    require_checks: bool = Field(True, description="true or false: whether at least one check must have passed")
    issue: int = Field(0, ge=0, description="the number of the issue that the pull requests close; 0: none")

    @property
    def policy(self) -> MergePolicy:
        """As a run is told."""
        return MergePolicy(
            method=MergeMethod(self.method),
            approvals=self.approvals,
            checks_s=self.checks_s,
            build_s=self.build_s,
            require_checks=self.require_checks,
            issue=self.issue,
        )
