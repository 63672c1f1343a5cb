#!/bin/sh
# The exporter takes passwords as JSON, by the server's address: made here, where any character is quoted.
set -eu
umask 077
password=$(sed -e 's/\\/\\\\/g' -e 's/"/\\"/g' /run/secrets/redis_password)
printf '{"%s": "%s"}' "$REDIS_ADDR" "$password" >/tmp/passwords.json
REDIS_PASSWORD_FILE=/tmp/passwords.json exec /redis_exporter
