"""What the processes use, and how near their limits they are."""

from grafana import Dashboard, Panel

from boards.queries import RATE, rate

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
