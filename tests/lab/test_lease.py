"""The lease of a lab, in the smallest real times."""

from __future__ import annotations

import asyncio
import time

import pytest

from cpr_cockpit.lab.lease import Lease


async def test_it_ends_when_nobody_renews_it() -> None:
    began = time.monotonic()
    await asyncio.wait_for(Lease(0.05).ended(), 30.0)
    assert time.monotonic() - began >= 0.05


async def test_a_renewal_moves_its_end() -> None:
    lease = Lease(0.05)
    ended = asyncio.create_task(lease.ended())
    lease.renew(60.0)
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(asyncio.shield(ended), 0.15)
    assert lease.left is not None
    assert 59.0 < lease.left <= 60.0
    lease.renew(0.01)
    await asyncio.wait_for(ended, 30.0)


async def test_a_lab_without_a_lease_is_not_given_one() -> None:
    lease = Lease(None)
    ended = asyncio.create_task(lease.ended())
    lease.renew(0.01)
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(ended, 0.1)
    assert lease.left is None
