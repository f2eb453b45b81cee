#!/bin/sh
# Starts Redis with the password from the environment, kept out of the process arguments.
set -eu
test -n "${REDIS_PASSWORD:-}" || { echo 'REDIS_PASSWORD is empty: set it in .env' >&2; exit 1; }
umask 077
{ cat /etc/southlink/redis.conf; printf 'requirepass %s\n' "$REDIS_PASSWORD"; } > /tmp/redis.conf
exec redis-server /tmp/redis.conf
