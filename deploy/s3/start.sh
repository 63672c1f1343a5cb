#!/bin/sh
# An S3 server in one process, with one key and one bucket. Only S3 is heard outside its container: the parts behind
# it ask nobody for a key.
set -eu
umask 077
data=${DATA:-/data}
made=${MADE:-/tmp}

# As JSON has it: any character works in a secret, and it is on no command line.
quoted() {
    printf '"%s"' "$(printf %s "$1" | sed -e 's/\\/\\\\/g' -e 's/"/\\"/g')"
}

secret=$(cat "${SECRET_FILE:-/run/secrets/s3_secret_key}")
cat >"$made/s3.json" <<JSON
{"identities": [{"name": "vitte", "credentials": [{"accessKey": $(quoted "$ACCESS_KEY"), "secretKey": $(quoted "$secret")}],
  "actions": ["Read:$BUCKET", "Write:$BUCKET", "List:$BUCKET", "Tagging:$BUCKET"]}]}
JSON

# It can be made only when all parts are there, and the server says of none when that is.
make_bucket() {
    rm -f "$made/ready"
    until echo s3.bucket.list | weed shell 2>/dev/null | grep -q "^ *$BUCKET[[:space:]]"; do
        sleep 1
        echo "s3.bucket.create -name $BUCKET" | weed shell >/dev/null 2>&1 || true
    done
    touch "$made/ready"
}
make_bucket &
exec weed -logtostderr=true server -dir="$data" -ip=127.0.0.1 -ip.bind=127.0.0.1 -volume.max=0 \
    -master.volumeSizeLimitMB=1024 -filer -s3 -s3.ip.bind=0.0.0.0 -s3.port.iceberg=0 -s3.port.lance=0 \
    -s3.config="$made/s3.json"
