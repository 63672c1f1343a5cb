#!/bin/sh
# Run once, by the image, when the database is made: Vitte owns its database and no more than that.
set -eu
# The password comes by standard input, never on a command line, and psql quotes it.
psql --no-psqlrc --quiet --set ON_ERROR_STOP=1 --username "$POSTGRES_USER" --dbname postgres <<'SQL'
\set password `cat /run/secrets/database_password`
CREATE ROLE vitte LOGIN CREATEDB PASSWORD :'password';
CREATE DATABASE vitte OWNER vitte;
REVOKE CONNECT, TEMPORARY ON DATABASE vitte FROM PUBLIC;
SQL
