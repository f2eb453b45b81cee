#!/bin/sh
# Makes .env from .env.example, with a fresh secret of 256 bits wherever one is needed.
# Never touches a .env that exists: its passwords are those of the databases.
set -eu
cd "$(dirname "$0")/.."
umask 077

if [ -e .env ]; then
    echo '.env exists already and stays as it is. Its passwords belong to the databases made with it.' >&2
    exit 1
fi

new_secret() {
    od -An -N32 -tx1 /dev/urandom | tr -d ' \n'
}

while IFS= read -r line; do
    case "$line" in
        SMTP_PASSWORD= | BOUNCES_IMAP_PASSWORD=) printf '%s\n' "$line" ;; # the mail server's, not ours to make
        FEED_KEY=) printf '%ssl_key_%s\n' "$line" "$(new_secret)" ;; # the form of the registry's API keys
        [A-Z]*_PASSWORD=) printf '%s%s\n' "$line" "$(new_secret)" ;;
        *) printf '%s\n' "$line" ;;
    esac
done < .env.example > .env.new
mv .env.new .env
echo 'Made .env with fresh secrets. Now fill in there: SOUTHLINK_URL, SOUTHLINK_SITE, MAIL_FROM and SMTP_HOST.'
