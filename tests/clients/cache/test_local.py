"""What a process keeps for a fraction of a second."""

from vitte.clients.cache.local import LocalEntries


def test_people_who_came_once_take_no_memory_for_long() -> None:
    entries = LocalEntries(0.5)
    for number in range(5000):
        entries.put(f"person {number}", number, asked_at=number / 100, now=number / 100)
    assert len(entries._entries) <= 51
    assert entries.get("person 4999", now=49.99 + 0.4) is not None
    assert entries.get("person 4999", now=49.99 + 0.6) is None


def test_a_crowd_within_a_moment_cannot_fill_the_memory_either() -> None:
    entries = LocalEntries(60)
    for number in range(20_000):
        entries.put(str(number), number, asked_at=0, now=0)
    assert len(entries._entries) == 10_000
    assert entries.get("19999", now=1) is not None
