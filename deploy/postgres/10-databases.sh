#!/bin/sh
# One database and one role per service, made when the PostgreSQL volume is empty.
# A role can connect to its own database only; the passwords come from the environment.
set -eu

for service in registry workgroups notifier; do
    password_variable="$(printf '%s' "$service" | tr '[:lower:]' '[:upper:]')_DATABASE_PASSWORD"
    eval "test -n \"\${$password_variable:-}\"" || {
        echo "$password_variable is empty: set it in .env" >&2
        exit 1
    }
    # The builtin locale sorts the same on every system, so an upgrade of the system's own can't break an index.
    # \getenv keeps the password out of the arguments, where other processes could read it.
    psql --no-psqlrc --quiet --set ON_ERROR_STOP=1 --username "$POSTGRES_USER" --dbname "$POSTGRES_DB" \
        --set service="$service" --set password_variable="$password_variable" <<'SQL'
\getenv password :password_variable
CREATE ROLE :"service" LOGIN PASSWORD :'password';
CREATE DATABASE :"service" OWNER :"service" ENCODING 'UTF8' TEMPLATE template0
    LOCALE_PROVIDER builtin BUILTIN_LOCALE 'C.UTF-8';
REVOKE ALL ON DATABASE :"service" FROM PUBLIC;
SQL
done
