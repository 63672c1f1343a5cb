#!/bin/sh
# Alertmanager reads no variables, and its chat must be a number: its settings are made here, where only it
# can read them. Without a chat, alerts are shown in Grafana and sent to nobody.
set -eu
umask 077
here=$(dirname "$0")
made="${ALERTMANAGER_CONFIG:-/tmp/alertmanager.yml}"
token=
[ -z "${VITTE_TELEGRAM__TOKEN_FILE:-}" ] || token=$(cat "$VITTE_TELEGRAM__TOKEN_FILE")
chat="${VITTE_ALERTS__CHAT_ID:-0}"
receiver=owner
if [ "$chat" = 0 ]; then
    echo "VITTE_ALERTS__CHAT_ID is not set: nobody is told of alerts" >&2
    receiver=nobody chat=1
fi
# sed would read |, & and \ as its own: none can be in a token, a number or an address of Telegram's.
case "$token$chat${VITTE_TELEGRAM__API_URL:-}" in
*[!A-Za-z0-9:/._-]*) echo "token, chat or address hold what cannot be in them" >&2; exit 1 ;;
esac
sed -e "s|@RECEIVER@|$receiver|" -e "s|@TOKEN@|${token:-none}|" -e "s|@CHAT_ID@|$chat|" \
    -e "s|@API_URL@|${VITTE_TELEGRAM__API_URL:-https://api.telegram.org}|" \
    "$here/alertmanager.yml.in" >"$made"
exec "${ALERTMANAGER:-alertmanager}" --config.file="$made" "$@"
