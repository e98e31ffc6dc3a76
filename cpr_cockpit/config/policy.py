"""The table ``[policy]``: the fields of `core.policy.Policy` under their own names, with units in the values."""

from __future__ import annotations

from dataclasses import fields
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, create_model

from cpr_cockpit.config.values import milliseconds, percent, seconds, share
from cpr_cockpit.core.policy import PAGE_UNATTENDED, ROLLBACK_UNATTENDED, Policy
from cpr_cockpit.core.safeguards import TWO_PERSON

# How far the window was shortened is the run's own, never written.
_INTERNAL = frozenset({"scale"})
_SHARES = frozenset({"error_rate", "target_error_rate", "tolerance", "coverage", "alpha", "early_limit", "early_alpha"})
# Keys of the table that are no number for the judge.
_NO_LIMITS = {"two_person"}
_LONGEST_S = 7 * 86_400.0


def _field(name: str, default: float | str) -> tuple[Any, Any]:
    """Type and description of a policy's field, from the unit that its name ends with."""
    if isinstance(default, str):
        allowed = (PAGE_UNATTENDED, ROLLBACK_UNATTENDED)
        return str, Field(default, pattern=f"^({'|'.join(allowed)})$", description=" or ".join(allowed))
    if isinstance(default, bool):
        return bool, Field(default, description="true or false")
    if isinstance(default, int):
        return int, Field(default, ge=1, description="a whole number from 1")
    if name == "window_s":
        words = 'the critical window, 10 s to 24 h: seconds, or text such as "15m"'
        return _read(seconds), Field(default, ge=10, le=86_400, description=words)
    if name.endswith("_s"):
        words = 'up to 7 days: seconds, or text such as "15m"'
        return _read(seconds), Field(default, ge=0, le=_LONGEST_S, description=words)
    if name.endswith("_ms"):
        return _read(milliseconds), Field(default, ge=0, description='milliseconds, or text such as "200ms"')
    if name.endswith("_percent"):
        return _read(percent), Field(default, gt=0, le=100, description='percent up to 100, or text such as "80%"')
    if name in _SHARES:
        return _read(share), Field(default, ge=0, lt=1, description='a share below 1, or text such as "5%"')
    return float, Field(default, gt=1, description="a factor above 1")


def _read(reader: Any) -> Any:
    return Annotated[float, BeforeValidator(reader)]


_FIELDS: dict[str, Any] = {
    field.name: _field(field.name, getattr(Policy(), field.name))
    for field in fields(Policy)
    if field.name not in _INTERNAL
}


class _Base(BaseModel):
    """What pydantic is told of the table."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    two_person: tuple[Annotated[str, Field(pattern=f"^({'|'.join(TWO_PERSON)})$")], ...] = Field(
        (),
        strict=False,
        max_length=len(TWO_PERSON),
        description=f"an array of acts that a second person confirms: {', '.join(TWO_PERSON)}; ROLLBACK never is one",
    )

    def policy(self) -> Policy:
        """The policy; ValueError names what does not go together."""
        return Policy.from_dict(self.model_dump(exclude=_NO_LIMITS))


PolicySettings = create_model("PolicySettings", __base__=_Base, __doc__="The table [policy].", **_FIELDS)
