"""Who is told of a run stands there before it begins."""

from __future__ import annotations

from cpr_cockpit.adapters.notifications.channel import ChannelSettings
from cpr_cockpit.adapters.notifications.service import Service
from cpr_cockpit.core.notices import NoticeKind
from cpr_cockpit.core.sensing import Reading, State
from cpr_cockpit.engine.channels import NOBODY, channel_readings


async def test_a_channel_without_its_variable_is_told_by_name_and_with_what_it_would_have_told() -> None:
    settings = ChannelSettings("on call", frozenset({NoticeKind.PAGE, NoticeKind.OVERDUE}), "ONCALL_WEBHOOK", "")
    lacking = await channel_readings([Service(settings, None)])
    words = "nobody would be told of overdue, page: variable ONCALL_WEBHOOK is not set"
    assert lacking == (Reading("channel on call", State.NOTE, words),)


async def test_that_nobody_is_told_is_said_too() -> None:
    assert await channel_readings([]) == (NOBODY,)
