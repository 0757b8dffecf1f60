#!/bin/sh
# Takes the place of ansible-playbook: a playbook that prints every secret it can find, as a careless diff does.
set -eu
cat "$STEWARD_DISK/secrets"
# A result, a failure's reason and a found value pass other ways than the output.
echo '{"hosts":{"localhost":{"changed":1,"failures":0,"unreachable":0}},"failures":[]}' >&"$STEWARD_EVENTS_FD"
