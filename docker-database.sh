#!/bin/sh
# Runs once, when the container of docker-compose.yml makes its database. The site's role owns that database and nothing else (CREATEDB
# is for `restore --drill`); the superuser has no password afterwards, so that it is let in from inside the container only.
set -eu
psql --no-psqlrc --quiet --set ON_ERROR_STOP=1 --username "$POSTGRES_USER" --dbname "$POSTGRES_DB" <<'SQL'
\getenv password POSTGRES_PASSWORD
CREATE ROLE stepmark LOGIN CREATEDB PASSWORD :'password';
ALTER DATABASE :"DBNAME" OWNER TO stepmark;
ALTER ROLE CURRENT_USER PASSWORD NULL;
SQL
