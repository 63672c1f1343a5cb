"""What tokens cost."""

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vitte.usage.costs import cost_of, micro_dollars

prices = st.decimals(min_value=0, max_value=10_000, places=4)
tokens = st.integers(0, 10**9)


@pytest.mark.parametrize(
    ("prompt", "completion", "price_in", "price_out", "cost"),
    [
        (1_000_000, 0, "2.5", "10", 2_500_000),
        (0, 1_000_000, "2.5", "10", 10_000_000),
        (1, 1, "0.15", "0.60", 1),
        (0, 0, "2.5", "10", 0),
        (1, 0, "0.0001", "0", 1),
        (5000, 700, "0", "0", 0),
        # What binary fractions would make 3.0000000000000004 of, and round up to 4.
        (10, 20, "0.1", "0.1", 3),
    ],
)
def test_a_call_costs_what_the_provider_asks_and_a_part_of_a_micro_dollar_is_a_whole_one(
    prompt: int, completion: int, price_in: str, price_out: str, cost: int
) -> None:
    assert cost_of(prompt, completion, Decimal(price_in), Decimal(price_out)) == cost


@given(tokens, tokens, prices, prices)
def test_no_price_and_no_length_costs_a_micro_dollar_too_much_or_too_little(
    prompt: int, completion: int, price_in: Decimal, price_out: Decimal
) -> None:
    cost = cost_of(prompt, completion, price_in, price_out)
    exact = Fraction(price_in) * prompt + Fraction(price_out) * completion
    assert exact <= cost < exact + 1


@pytest.mark.parametrize(
    ("dollars", "micro"), [(0.1, 100_000), (1.1, 1_100_000), (Decimal("2.675"), 2_675_000)]
)
def test_a_budget_is_what_the_owner_wrote(dollars: float | Decimal, micro: int) -> None:
    assert micro_dollars(dollars) == micro
