"""What tokens cost.

Costs are whole micro-dollars, millionths of a US dollar. Prices are US dollars per million tokens, as
providers write them, so that a price is also the micro-dollars of one token.
"""

import math
from decimal import Decimal
from fractions import Fraction

MICRO = 1_000_000
"""Micro-dollars in a US dollar."""


def cost_of(prompt_tokens: int, completion_tokens: int, price_in: Decimal, price_out: Decimal) -> int:
    """Return the micro-dollars of a call, rounded up: no call that costs something counts as free.

    Exact for any price: fractions know of no precision that could run out.
    """
    return math.ceil(prompt_tokens * Fraction(price_in) + completion_tokens * Fraction(price_out))


def micro_dollars(dollars: float | Decimal) -> int:
    """Return an amount of US dollars in micro-dollars, as it was written; what is finer is cut off."""
    return math.floor(Fraction(str(dollars)) * MICRO)
