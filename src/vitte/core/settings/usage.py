"""What answers may cost, and how long it is remembered."""

from pydantic import BaseModel, Field


class UsageSettings(BaseModel):
    """What calls to models may cost; what each plan includes is set in the panel."""

    daily_budget: float = Field(
        0, ge=0, description="US dollars that the whole bot may spend a day (UTC); 0: no limit."
    )
    reservation_ttl: int = Field(
        1800,
        ge=60,
        description="Seconds after which a call that nobody came back from counts as what was reserved for "
        "it. Longer than any answer takes.",
    )
    keep_calls_days: int = Field(90, ge=1, description="Days that each call is kept.")
    keep_days: int = Field(400, ge=62, description="Days that the sums of a day are kept.")
