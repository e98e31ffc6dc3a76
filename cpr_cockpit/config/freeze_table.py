"""The table [[freeze]]: when nobody should deploy, once or every week, by the wall clock of one place."""

from __future__ import annotations

import re
from datetime import date, datetime, time, timedelta
from typing import Annotated, Self
from zoneinfo import ZoneInfo, available_timezones

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from cpr_cockpit.config.problems import nearest
from cpr_cockpit.core.freeze import DAYS
from cpr_cockpit.core.freeze import Freeze as Declared

_CLOCK = re.compile(r"([01]\d|2[0-3]):([0-5]\d)|24:00")
_YEARS = range(2000, 2200)
_WHEN = (
    "a date (2026-12-20), a date and time without offset (2026-12-20T18:00:00), or with days a time of day "
    '("16:00", up to "24:00")'
)


def _zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError) as error:
        near = nearest(name, sorted(available_timezones()))
        raise ValueError(f"is no zone of the IANA data base{near}") from error
    return name


def _moment(value: object) -> object:
    """One way of writing for each kind: "2026-12-20", "2026-12-20T18:00:00" or "16:00"; other kinds as they are."""
    if isinstance(value, str) and not _CLOCK.fullmatch(value):
        try:
            value = date.fromisoformat(value) if len(value) == len("2026-12-20") else datetime.fromisoformat(value)
        except ValueError as error:
            raise ValueError("is no date and no time") from error
    if isinstance(value, datetime) and value.tzinfo is not None:
        raise ValueError("has an offset, and the zone tells it")
    if isinstance(value, date) and value.year not in _YEARS:
        raise ValueError("is of another century")
    if isinstance(value, datetime | date):
        return value.isoformat()
    return value.strftime("%H:%M") if isinstance(value, time) else value


Moment = Annotated[str, BeforeValidator(_moment, json_schema_input_type=str)]
Zone = Annotated[str, AfterValidator(_zone)]
Day = Annotated[str, Field(pattern=f"^({'|'.join(DAYS)})$")]


class Freeze(BaseModel):
    """With ``days`` it comes every week; without them once. A date alone is the whole of its day."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    name: str = Field(min_length=1, max_length=100, pattern=r"^\S(.*\S)?$", description="1 to 100 characters")
    zone: Zone = Field(max_length=100, description="a name of the IANA data base, such as Europe/Berlin or UTC")
    days: tuple[Day, ...] = Field((), strict=False, description=f"an array of {', '.join(DAYS)}; without it once")
    begins: Moment = Field(alias="from", description=_WHEN)
    ends: Moment = Field(alias="to", description=f"{_WHEN}; a date is the last day of it")

    @model_validator(mode="after")
    def _fits(self) -> Self:
        for key, value in (("from", self.begins), ("to", self.ends)):
            is_clock = _CLOCK.fullmatch(value) is not None
            if is_clock is not bool(self.days):
                wanted = "a time of day, such as 16:00, beside days" if self.days else "a date, where there are no days"
                raise ValueError(f"{key} is {value}: it must be {wanted}")
        if self.begins == "24:00":
            raise ValueError("from is 24:00: that is 00:00 of the next day")
        declared = self.declared
        if declared.begins is not None and declared.ends is not None and declared.ends <= declared.begins:
            raise ValueError(f"to is {self.ends}, which is not after {self.begins}")
        return self

    @property
    def declared(self) -> Declared:
        """As a run is told."""
        if self.days:
            return Declared(self.name, self.zone, None, None, self.days, _minutes(self.begins), _minutes(self.ends))
        last = timedelta(days=0 if "T" in self.ends else 1)
        return Declared(
            self.name, self.zone, datetime.fromisoformat(self.begins), datetime.fromisoformat(self.ends) + last
        )


def _minutes(clock: str) -> int:
    hours, _, minutes = clock.partition(":")
    return int(hours) * 60 + int(minutes)
