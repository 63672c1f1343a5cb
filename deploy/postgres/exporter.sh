#!/bin/sh
# The password by its environment: from a file the exporter makes an address that it then cannot read when there
# is a quote or a backslash in it.
set -eu
PGPASSWORD=$(cat /run/secrets/postgres_exporter_password)
export PGPASSWORD
exec /bin/postgres_exporter
