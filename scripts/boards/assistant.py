"""How fast and how well the models answer."""

from grafana import Dashboard, Panel

from boards.queries import RATE, percentiles, rate

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
                    "failed": f'sum(rate(vitte_answers_total{{outcome!~"complete|stopped"}}[{RATE}]))'
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
