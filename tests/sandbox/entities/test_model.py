"""Entities that Telegram sends never cross each other."""

from itertools import combinations

from hypothesis import given
from hypothesis import strategies as st

from vitte.sandbox.entities.model import PRE, QUOTES, SPLITTABLE, Entity, arrange

KINDS = [*SPLITTABLE, *sorted(QUOTES), "code", "pre", "text_link", "custom_emoji"]
ENTITIES = st.lists(
    st.builds(Entity, st.sampled_from(KINDS), st.integers(0, 12), st.integers(0, 8)), max_size=8
)
FOUND = st.lists(st.builds(Entity, st.just("url"), st.integers(0, 12), st.integers(1, 4)), max_size=2).map(
    arrange
)


@given(ENTITIES, FOUND)
def test_arranged_entities_nest_and_code_stays_plain(entities: list[Entity], found: list[Entity]) -> None:
    arranged = arrange(entities, found)
    assert arranged == sorted(arranged, key=lambda entity: entity.order)
    for one, other in combinations(arranged, 2):
        apart = one.end <= other.offset or other.end <= one.offset
        nested = (one.offset <= other.offset and other.end <= one.end) or (
            other.offset <= one.offset and one.end <= other.end
        )
        assert apart or nested
        if not apart and (one.type in PRE or other.type in PRE):
            assert {one.type, other.type} & QUOTES


@given(ENTITIES)
def test_every_styled_place_outside_code_stays_styled(entities: list[Entity]) -> None:
    arranged = arrange(entities)
    code = {place for entity in arranged if entity.type in PRE for place in range(entity.offset, entity.end)}
    for kind in SPLITTABLE:
        before = {p for e in entities if e.type == kind for p in range(e.offset, e.end)}
        after = {p for e in arranged if e.type == kind for p in range(e.offset, e.end)}
        assert after == before - code
