#!/bin/sh
# Chooses the certificate, makes one for the first start, and tells nginx when another has come.
set -eu
umask 077

own=/certificates-own                           # fullchain.pem and privkey.pem of the owner's
issued=/certificates/letsencrypt/live           # where certbot keeps those it got
first=/certificates/first-start
active=/tmp/certificate
domain=${VITTE_DOMAIN:-localhost}

# Print the folder of the best certificate there is.
choose() {
    for folder in "$own" "$issued/$domain" "$first"; do
        if [ -r "$folder/fullchain.pem" ] && [ -r "$folder/privkey.pem" ]; then
            echo "$folder"
            return
        fi
    done
}

# Copies, so that nginx never sees the chain of one certificate beside the key of another.
take() {
    rm -rf "$active.new" "$active.old"
    mkdir "$active.new"
    cp -L "$1/fullchain.pem" "$1/privkey.pem" "$active.new/"
    [ ! -d "$active" ] || mv "$active" "$active.old"
    mv "$active.new" "$active"
}

fingerprint() {
    cat "$1/fullchain.pem" "$1/privkey.pem" 2>/dev/null | sha256sum
}

watch() {
    seen=$(fingerprint "$active")
    while sleep "${CERTIFICATE_INTERVAL:-30}"; do
        folder=$(choose)
        now=$(fingerprint "$folder")
        [ "$now" != "$seen" ] || continue
        seen=$now
        take "$folder"
        if nginx -t -q; then
            nginx -s reload
            echo "start-nginx: took the certificate in $folder" >&2
        else
            rm -rf "$active"
            mv "$active.old" "$active"
            echo "start-nginx: the certificate in $folder is of no use; the one before it stays" >&2
        fi
    done
}

if [ -z "$(choose)" ]; then
    mkdir -p "$first"
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 3650 -subj "/CN=$domain" \
        -addext "subjectAltName=DNS:$domain" -keyout "$first/privkey.pem" -out "$first/fullchain.pem" 2>/dev/null
    chmod 0644 "$first/fullchain.pem"
    chmod 0755 "$first"
    echo "start-nginx: made a certificate of our own for $domain; browsers and Telegram will not trust it" >&2
fi
take "$(choose)"
# Names of services are looked up again while nginx runs: a process that was replaced has a new address.
resolver=$(awk '$1 == "nameserver" { print ($2 ~ /:/) ? "[" $2 "]" : $2; exit }' /etc/resolv.conf)
echo "resolver $resolver valid=5s ipv6=off;" >/tmp/resolver.conf
nginx -t -q
watch &
exec "$@"
