"""Is it well, and are people served?"""

from grafana import Dashboard, Panel

from boards.queries import number, percentiles, rate

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
