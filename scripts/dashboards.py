"""Write the dashboards of deploy/grafana; with --check only tell whether they are what this would write."""

import json
import sys
from functools import partial
from pathlib import Path

from grafana import Dashboard, Panel, render

FOLDER = Path(__file__).resolve().parent.parent / "deploy" / "grafana" / "dashboards"
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


OVERVIEW = Dashboard(
    uid="vitte-overview",
    title="Vitte: overview",
    help="Is it well, and are people served?",
    rows={
        "Now": [
            number(
                title="Alerts",
                queries={"firing": 'count(ALERTS{alertstate="firing"}) or vector(0)'},
                bad=1,
                help="What each means and what to do: docs/operations.md.",
            ),
            number(
                title="Processes",
                queries={"up": 'sum(up{job=~"bot|api|worker|beat|admin"})'},
                bad=5,
                bad_below=True,
                help="Five at least: bot, api, worker, beat, admin.",
            ),
            number(
                title="People",
                queries={
                    "reachable": 'max(vitte_people{state="reachable"})',
                    "last day": 'max(vitte_people_active{within="day"})',
                },
                help="Who has written to the bot and has not blocked it; who was there in the last 24 hours.",
            ),
            number(
                title="Answers in the last hour",
                queries={"answers": "sum(increase(vitte_answers_total[1h]))"},
            ),
            number(
                title="Oldest update that waits",
                queries={"age": "max(vitte_inbox_oldest_seconds)"},
                unit="s",
                bad=30,
            ),
            number(
                title="Last backup",
                queries={"age": "time() - max(vitte_backup_last_success_timestamp_seconds)"},
                unit="s",
                bad=36 * 3600,
                help="How long ago the newest good backup was made.",
            ),
        ],
        "People": [
            Panel(
                title="Updates",
                queries=rate("vitte_updates_handled_total", by="type"),
                unit="reqps",
                stacked=True,
            ),
            Panel(
                title="How handling ended",
                queries=rate("vitte_updates_handled_total", by="outcome"),
                unit="reqps",
                stacked=True,
            ),
            Panel(
                title="Time of handling",
                queries=percentiles("vitte_update_seconds", by="type"),
                unit="s",
                help="From taking an update to its end: of a message that is the whole answer.",
            ),
            Panel(
                title="Inbox",
                queries={"open": "max(vitte_inbox_open)", "being handled": "sum(vitte_updates_in_progress)"},
            ),
            Panel(
                title="Oldest update that waits",
                queries={"age": "max(vitte_inbox_oldest_seconds)"},
                unit="s",
                bad=30,
            ),
            Panel(
                title="Everybody, and who is active",
                queries={
                    "{{state}}": "max by (state) (vitte_people)",
                    "last {{within}}": "max by (within) (vitte_people_active)",
                },
                help="Active: wrote or pressed a button within the last day, or the last seven.",
            ),
        ],
    },
)

ASSISTANT = Dashboard(
    uid="vitte-assistant",
    title="Vitte: assistant",
    help="How fast and how well the models answer.",
    rows={
        "Answers": [
            Panel(
                title="Answers to people",
                queries=rate("vitte_answers_total", by="outcome"),
                unit="reqps",
                stacked=True,
                help="complete, or the error that cut it short.",
            ),
            Panel(
                title="Share that failed",
                queries={
                    "failed": f'sum(rate(vitte_answers_total{{outcome!="complete"}}[{RATE}]))'
                    f" / sum(rate(vitte_answers_total[{RATE}]))"
                },
                unit="percentunit",
                most=1,
            ),
            Panel(
                title="Drafts", queries=rate("vitte_drafts_total", by="outcome"), unit="reqps", stacked=True
            ),
        ],
        "Models": [
            Panel(
                title="First words",
                queries=percentiles("vitte_llm_first_token_seconds", by="model"),
                unit="s",
            ),
            Panel(
                title="Whole answers", queries=percentiles("vitte_llm_answer_seconds", by="model"), unit="s"
            ),
            Panel(
                title="Tokens a second",
                queries={
                    "{{model}} {{kind}}": f"sum by (model, kind) (rate(vitte_llm_tokens_total[{RATE}]))",
                },
                stacked=True,
            ),
            Panel(
                title="Calls",
                queries={
                    "{{model}} {{outcome}}": f"sum by (model, outcome) (rate(vitte_llm_calls_total[{RATE}]))"
                },
                unit="reqps",
                stacked=True,
                width=16,
                help="abandoned: a person stopped the answer.",
            ),
            Panel(
                title="Tokens in the last day",
                queries={"{{model}} {{kind}}": "sum by (model, kind) (increase(vitte_llm_tokens_total[1d]))"},
                kind="stat",
            ),
        ],
    },
)

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

RESOURCES = Dashboard(
    uid="vitte-resources",
    title="Vitte: resources",
    help="What the processes use, and how near their limits they are.",
    rows={
        "Processes": [
            Panel(
                title="CPU",
                queries=rate("process_cpu_seconds_total", by="job"),
                unit="percentunit",
                stacked=True,
            ),
            Panel(
                title="Memory",
                queries={"{{job}}": "sum by (job) (process_resident_memory_bytes)"},
                unit="bytes",
                stacked=True,
            ),
            Panel(
                title="Versions",
                queries={"{{version}}": "count by (version) (vitte_build_info)"},
                kind="stat",
            ),
        ],
        "Limits": [
            Panel(
                title="Memory of its limit",
                queries={"{{job}}": "max by (job) (vitte_memory_used_bytes / vitte_memory_limit_bytes)"},
                unit="percentunit",
                most=1,
                bad=0.9,
            ),
            Panel(
                title="Waiting because of the CPU limit",
                queries=rate("vitte_cpu_throttled_seconds_total", by="job"),
                unit="percentunit",
            ),
            Panel(
                title="Connections to PostgreSQL",
                queries={"{{job}} {{state}}": "sum by (job, state) (vitte_database_connections)"},
            ),
        ],
        "Cache": [
            Panel(
                title="Hit ratio",
                queries={
                    "{{kind}}": "sum by (kind) "
                    f'(rate(vitte_cache_reads_total{{outcome=~"local|hit"}}[{RATE}]))'
                    f" / sum by (kind) (rate(vitte_cache_reads_total[{RATE}]))"
                },
                unit="percentunit",
                most=1,
            ),
            Panel(
                title="Reads",
                queries=rate("vitte_cache_reads_total", by="outcome"),
                unit="reqps",
                stacked=True,
                help="local and hit are the cache, all others PostgreSQL. bypassed: Redis is left alone.",
            ),
            Panel(
                title="Kept right",
                queries=rate("vitte_cache_invalidations_total", by="outcome")
                | {"old values refused": f'sum(rate(vitte_cache_writes_total{{outcome="refused"}}[{RATE}]))'},
                unit="reqps",
                help="owed: Redis was away, and the entry is deleted as soon as it is back.",
            ),
            Panel(
                title="Without Redis",
                queries={"{{instance}}": "vitte_cache_away"},
                most=1,
            ),
            Panel(
                title="Evicted in the last day",
                queries={"evicted": "max(delta(vitte_redis_evicted_keys[1d]))"},
                kind="stat",
            ),
        ],
        "Disk, backups and certificate": [
            Panel(
                title="Disk that is free",
                queries={"free": "min(vitte_disk_free_bytes / vitte_disk_size_bytes)"},
                unit="percentunit",
                most=1,
                bad=0.1,
                bad_below=True,
            ),
            Panel(
                title="Size of the newest backup",
                queries={"size": "max(vitte_backup_size_bytes)"},
                unit="bytes",
            ),
            Panel(
                title="Certificate",
                queries={"ends in": "min(vitte_certificate_expires_timestamp_seconds) - time()"},
                unit="s",
                bad=604800,
                bad_below=True,
                help="Renewed weeks before its end; red is the last week.",
            ),
            Panel(
                title="Backups",
                queries={"{{outcome}}": "sum by (outcome) (increase(vitte_backups_total[1d]))"},
            ),
        ],
    },
)


def main(arguments: list[str]) -> int:
    """Write, or check; return the exit code."""
    wanted = {
        FOLDER / f"{board.uid}.json": json.dumps(render(board), indent=2) + "\n"
        for board in (OVERVIEW, ASSISTANT, DELIVERY, RESOURCES)
    }
    if arguments == ["--check"]:
        there = {path: path.read_text("utf-8") for path in FOLDER.glob("*.json")}
        if there != wanted:
            print("The dashboards are not what scripts/dashboards.py writes: run it.")
        return int(there != wanted)
    FOLDER.mkdir(parents=True, exist_ok=True)
    for path, text in wanted.items():
        path.write_text(text, "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
