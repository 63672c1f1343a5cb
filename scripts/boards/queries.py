"""What many panels ask."""

from functools import partial

from grafana import Panel

RATE = "$__rate_interval"
# Six of them are a row.
number = partial(Panel, kind="stat", width=4)


def percentiles(metric: str, *, by: str = "", where: str = "") -> dict[str, str]:
    """Return p50 and p95 of a histogram, by a label if one is given."""
    labels, legend = (f"le, {by}", f" {{{{{by}}}}}") if by else ("le", "")
    return {
        f"p{percent}{legend}": f"histogram_quantile(0.{percent}, "
        f"sum by ({labels}) (rate({metric}_bucket{where}[{RATE}])))"
        for percent in (50, 95)
    }


def rate(metric: str, *, by: str, where: str = "") -> dict[str, str]:
    """Return a counter's events a second, by a label."""
    return {f"{{{{{by}}}}}": f"sum by ({by}) (rate({metric}{where}[{RATE}]))"}
