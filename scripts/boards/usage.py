"""What do answers cost, and what do models hear, read and use for them?"""

from grafana import Dashboard, Panel

from boards.queries import RATE, number, percentiles, rate

USAGE = Dashboard(
    uid="vitte-usage",
    title="Vitte: usage",
    help="What do answers cost, and what do models hear, read and use for them?",
    rows={
        "Today": [
            number(
                title="Spent today",
                queries={"dollars": "max(vitte_usage_cost_today_dollars)"},
                unit="currencyUSD",
                help="Since midnight UTC, by the prices of the catalogue.",
            ),
            number(
                title="Calls that are open",
                queries={"reserved": "max(vitte_usage_reservations_open)"},
                help="Going on, or of a process that was killed: the sweeper closes those.",
            ),
            number(
                title="Limits reached in the last day",
                queries={"{{limit}}": "sum by (limit) (increase(vitte_limits_reached_total[1d]))"},
            ),
        ],
        "What it costs": [
            Panel(
                title="Dollars an hour",
                queries={
                    "{{kind}} {{model}}": "sum by (kind, model) "
                    "(rate(vitte_usage_cost_dollars_total[1h])) * 3600"
                },
                unit="currencyUSD",
                stacked=True,
            ),
            Panel(
                title="Tokens",
                queries=rate("vitte_usage_tokens_total", by="direction"),
                stacked=True,
            ),
            Panel(
                title="Calls",
                queries=rate("vitte_usage_calls_total", by="kind"),
                unit="reqps",
                stacked=True,
            ),
        ],
        "Servers of models": [
            Panel(
                title="Left alone",
                queries={"{{endpoint}}": "max by (endpoint) (vitte_endpoint_away)"},
                most=1,
                help="1 while a process gets no answer there.",
            ),
            Panel(
                title="Calls going on and waiting",
                queries={
                    "{{endpoint}}": "sum by (endpoint) (vitte_endpoint_busy)",
                    "{{endpoint}} waiting": "sum by (endpoint) (vitte_endpoint_waiting)",
                },
            ),
            Panel(
                title="Tried again, and not tried",
                queries=rate("vitte_endpoint_retries_total", by="reason")
                | {"skipped": f"sum(rate(vitte_endpoint_skipped_total[{RATE}]))"},
                unit="reqps",
            ),
        ],
        "Beside the words": [
            Panel(
                title="Tools",
                queries={
                    "{{tool}} {{outcome}}": f"sum by (tool, outcome) (rate(vitte_tool_calls_total[{RATE}]))"
                },
                unit="reqps",
            ),
            Panel(
                title="Files and pictures",
                queries={
                    "{{kind}} {{outcome}}": f"sum by (kind, outcome) (rate(vitte_files_read_total[{RATE}]))"
                },
                unit="reqps",
            ),
            Panel(title="Time to read a file", queries=percentiles("vitte_file_seconds"), unit="s"),
            Panel(
                title="Heard, spoken, embedded",
                queries={
                    "{{kind}} {{outcome}}": f"sum by (kind, outcome) (rate(vitte_media_calls_total[{RATE}]))"
                },
                unit="reqps",
            ),
            Panel(
                title="Memory",
                queries=rate("vitte_recalls_total", by="way") | rate("vitte_facts_total", by="change"),
                unit="reqps",
                help="How facts were chosen for an answer, and what became of facts.",
            ),
            Panel(
                title="Long dialogs and plain texts",
                queries=rate("vitte_dialog_summaries_total", by="outcome")
                | {"sent as plain text": f"sum(rate(vitte_plain_fallbacks_total[{RATE}]))"},
                unit="reqps",
            ),
        ],
    },
)
