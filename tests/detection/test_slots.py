from __future__ import annotations

import numpy as np
import pytest

from detector.detection.baseline.level import DAY, HOUR, Slot, slot_at

MONDAY = 4 * DAY  # 1970-01-05
TEN_MINUTES, ELEVEN_MINUTES = 600, 660


def numbered(slots: int) -> np.ndarray:
    """Return a profile whose rates count the slots of the week from one."""
    profile = np.empty((3, 7, slots))
    profile[:] = np.arange(1.0, 7 * slots + 1).reshape(7, slots)
    profile[1] /= 1000
    return profile


def rates(slot: Slot) -> tuple[float, float, float]:
    """Return the rates an hour back, now and an hour ahead."""
    back, ahead = ((1 + other.more) * slot.rate for other in (slot.back, slot.ahead))
    return round(back), slot.rate, round(ahead)


@pytest.mark.parametrize(
    ("local", "back", "now", "ahead"),
    [
        pytest.param(MONDAY + 2 * HOUR, 7, 13, 19, id="within the week"),
        pytest.param(MONDAY + HOUR - 1, 1008, 6, 12, id="the first hour looks back to Sunday"),
        pytest.param(MONDAY - 1, 1002, 1008, 6, id="the last hour looks ahead to Monday"),
    ],
)
def test_an_hour_away_may_lie_in_the_week_before_or_after(
    local: int, back: int, now: int, ahead: int
) -> None:
    slot = slot_at(numbered(144), local, TEN_MINUTES)
    assert rates(slot) == (back, now, ahead)
    assert slot.ahead.log_ratio == pytest.approx(np.log(ahead / now))
    assert slot.variance == now / 1000


@pytest.mark.parametrize("seconds", [TEN_MINUTES, ELEVEN_MINUTES, HOUR, 2 * HOUR])
def test_slots_follow_each_other_and_begin_anew_with_the_day(seconds: int) -> None:
    per_day = -(-DAY // seconds)
    profile, at = numbered(per_day), MONDAY
    for number in range(4 * per_day, 6 * per_day):
        slot = slot_at(profile, at, seconds)
        assert (slot.begins, slot.number) == (at, number)
        assert slot_at(profile, slot.ends - 1, seconds) == slot
        at = slot.ends
    assert at == MONDAY + 2 * DAY
