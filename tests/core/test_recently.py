"""Nothing is done again too soon, or forgotten for too long."""

from vitte.core.recently import Recently


def test_a_key_is_begun_again_when_its_time_is_over_and_no_other_with_it() -> None:
    now = 100.0
    recently = Recently(60, clock=lambda: now)
    assert recently.begin(1)
    now += 59
    assert not recently.begin(1)
    assert recently.begin(2)
    now += 1
    assert recently.begin(1)
    assert not recently.begin(2)
