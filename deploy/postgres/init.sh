#!/bin/sh
# Run by the image when the database is made, and by its owner whenever something is missing, or a password in
# secrets/ has changed: docs/operations.md. Vitte owns its database and no more than that; an exporter may look at
# statistics, and at nothing that people wrote.
set -eu
# Passwords come by standard input, never on a command line, and psql quotes them.
psql --no-psqlrc --quiet --set ON_ERROR_STOP=1 --username "${POSTGRES_USER:-postgres}" --dbname postgres <<'SQL'
SET client_min_messages = warning;
SELECT format('CREATE ROLE %I', name) FROM (VALUES ('vitte'), ('vitte_exporter')) AS wanted (name)
WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = name) \gexec
\set password `cat /run/secrets/database_password`
-- The right to make databases is for rehearsals: `vitte backup drill` restores into one of its own.
ALTER ROLE vitte LOGIN CREATEDB PASSWORD :'password';
\set password `cat /run/secrets/postgres_exporter_password`
ALTER ROLE vitte_exporter LOGIN CONNECTION LIMIT 5 PASSWORD :'password';
GRANT pg_monitor TO vitte_exporter;
SELECT 'CREATE DATABASE vitte OWNER vitte' WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = 'vitte') \gexec
REVOKE CONNECT, TEMPORARY ON DATABASE vitte FROM PUBLIC;
GRANT CONNECT ON DATABASE vitte TO vitte_exporter;
\connect vitte
-- Where the image has pgvector (docs/memory.md): only a superuser may make it. `vitte migrate` does the rest.
SELECT 'CREATE EXTENSION vector' FROM pg_available_extensions
WHERE name = 'vector' AND installed_version IS NULL \gexec
SQL
