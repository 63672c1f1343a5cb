"""What comes from Telegram, what goes there, and the work behind."""

from grafana import Dashboard, Panel

from boards.queries import RATE, percentiles, rate

DELIVERY = Dashboard(
    uid="vitte-delivery",
    title="Vitte: delivery",
    help="What comes from Telegram, what goes there, and the work behind.",
    rows={
        "In": [
            Panel(
                title="Updates taken in",
                queries={"{{job}}": f"sum by (job) (rate(vitte_updates_taken_in_total[{RATE}]))"},
                unit="reqps",
            ),
            Panel(title="Long polls", queries=rate("vitte_polls_total", by="outcome"), unit="reqps"),
            Panel(
                title="Requests",
                queries={
                    "{{route}} {{status}}": "sum by (route, status) "
                    f"(rate(vitte_http_requests_total[{RATE}]))"
                },
                unit="reqps",
            ),
            Panel(
                title="Time of requests",
                queries=percentiles("vitte_http_request_seconds", by="job"),
                unit="s",
            ),
            Panel(
                title="Given up in the last day",
                queries={
                    "updates": "sum(increase(vitte_updates_dead_total[1d]))",
                    "jobs": "sum(increase(vitte_jobs_dead_total[1d]))",
                },
                kind="stat",
                bad=1,
                help="The panel shows each with its reason.",
            ),
            Panel(
                title="Looks into the inbox that failed",
                queries={"failed": f"sum(rate(vitte_inbox_claims_failed_total[{RATE}]))"},
                unit="reqps",
            ),
        ],
        "Out": [
            Panel(
                title="Calls by method", queries=rate("vitte_telegram_calls_total", by="method"), unit="reqps"
            ),
            Panel(
                title="Calls by outcome",
                queries=rate("vitte_telegram_calls_total", by="outcome"),
                unit="reqps",
                help="retry_after: Telegram asked for a pause.",
            ),
            Panel(
                title="Waiting for the limits",
                queries=percentiles("vitte_telegram_wait_seconds", by="lane"),
                unit="s",
            ),
            Panel(
                title="Messages by lane",
                queries=rate("vitte_telegram_wait_seconds_count", by="lane"),
                unit="reqps",
            ),
            Panel(
                title="Limits kept alone",
                queries={"{{instance}}": "vitte_shared_limits_away"},
                most=1,
                help="1 while Redis does not answer and a process keeps the limits by itself.",
            ),
        ],
        "Background work": [
            Panel(
                title="Jobs and ticks",
                queries={"{{name}} {{outcome}}": f"sum by (name, outcome) (rate(vitte_jobs_total[{RATE}]))"},
                unit="reqps",
            ),
            Panel(title="Time of jobs", queries=percentiles("vitte_job_seconds", by="name"), unit="s"),
            Panel(title="Jobs that are open", queries={"{{queue}}": "max by (queue) (vitte_jobs_open)"}),
            Panel(
                title="Oldest job that may run",
                queries={"{{queue}}": "max by (queue) (vitte_jobs_oldest_seconds)"},
                unit="s",
            ),
            Panel(
                title="Messages to the worker",
                queries=rate("vitte_job_messages_total", by="outcome"),
                unit="reqps",
            ),
            Panel(
                title="Jobs ordered",
                queries={"{{name}}": f"sum by (name) (rate(vitte_jobs_enqueued_total[{RATE}]))"},
                unit="reqps",
            ),
        ],
    },
)
