"""Published results about judging while looking, reproduced, and the same data given to this judge."""

from __future__ import annotations

import math
import random
import statistics

import pytest

from cpr_cockpit.core.sequential import LimitTest
from tests.core.judge_streams import Health, Night, changed, judged, play, since

LOOKS = 200
RUNS = 1000


def _peeked(chance: random.Random) -> tuple[bool, bool]:
    """A fair coin, looked at after each of 200 throws by the z-test of a fixed sample at 5 %, and by the e-process."""
    test = LimitTest(0.5, 1e-6, (0.55, 0.6, 0.7, 0.9), LOOKS)
    heads, fixed, anytime = 0, False, False
    for throws in range(1, LOOKS + 1):
        hit = chance.random() < 0.5
        heads += hit
        test.add(int(hit), 1)
        fixed = fixed or abs(heads - 0.5 * throws) / math.sqrt(0.25 * throws) > 1.959964
        anytime = anytime or test.log_e >= math.log(1.0 / 0.05)
    return fixed, anytime


def test_peeking_breaks_the_test_of_a_fixed_sample_and_not_the_e_process() -> None:
    """C. Mathis, lecture notes, Berkeley stat 158: a nominal 5 % looked at 200 times gives 41 % false alarms."""
    chance = random.Random(158)
    outcomes = [_peeked(chance) for _ in range(RUNS)]
    assert sum(fixed for fixed, _ in outcomes) / RUNS == pytest.approx(0.41, abs=0.05)
    assert sum(anytime for _, anytime in outcomes) / RUNS <= 0.05


@pytest.mark.parametrize(("objective", "minutes"), [(0.99, 8.64), (0.999, 0.864)])
def test_burn_rates_page_at_their_time_and_this_judge_before(objective: float, minutes: float) -> None:
    """SRE workbook, chapter 5: 14.4 x over one hour fires after burn x (1 - SLO) x window / error ratio."""
    assert 14.4 * (1.0 - objective) * 60.0 / 1.0 == pytest.approx(minutes)
    outage = judged(Night(new=since(0.0, Health(failing=1.0))))
    assert outage.verdict == "rollback"
    assert outage.wall <= 45.0
    if objective == 0.99:
        assert outage.wall < 60.0 * minutes


def _mann_whitney_low(new: list[float], old: list[float]) -> float:
    """Lower bound of the shift at confidence 0.98 by the normal approximation, as NetflixACAJudge has it."""
    differences = sorted(one - other for one in new for other in old)
    count = len(new) * len(old)
    spread = math.sqrt(count * (len(new) + len(old) + 1) / 12.0)
    rank = round(count / 2.0 - statistics.NormalDist().inv_cdf(0.99) * spread)
    return differences[max(0, rank - 1)]


def test_the_vector_that_a_mann_whitney_judge_passes_is_not_kept_here() -> None:
    """spinnaker/spinnaker#6278: seven points of ten at a hundred times the control's value pass."""
    pattern = [100.0] * 7 + [1.0] * 3
    middle = statistics.median(one - 1.0 for one in pattern)
    assert not _mann_whitney_low(pattern, [1.0] * 10) > 0.25 * middle
    hundredfold = Health(failing=0.2)
    for share in (None, 0.5):
        night = Night(share=share, new=lambda t: hundredfold if t > 0 and (t // 90.0) % 10 < 7 else Health())
        assert judged(night).verdict == "rollback"


def test_sparse_failures_are_not_taken_for_none() -> None:
    """spinnaker/kayenta#426: failures in few points of many pass a comparison of medians."""
    sparse = Health(failing=0.6)
    night = Night(new=lambda t: sparse if t > 0 and (t // 15.0) % 4 == 0 else Health())
    assert judged(night).verdict == "rollback"


def test_zero_failures_of_the_control_are_data() -> None:
    """spinnaker/kayenta#799, #377: a control without any failure made the comparison no number, and it passed."""
    night = Night(share=0.5, old=lambda _: Health(failing=0.0), new=since(0.0, Health(failing=0.1)))
    rows = changed(night.messages(), lambda message: message)
    assert play(rows).verdict == "rollback"
