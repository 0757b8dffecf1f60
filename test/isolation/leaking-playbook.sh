#!/bin/sh
# Takes the place of ansible-playbook: a playbook that prints every secret it can find, as a careless diff does.
set -eu
cat "$STEWARD_DISK/secrets"
# What only this step was given: as it is, in pieces of other words, encoded, and in the names of files.
password=$(sed -n 's/^  password: !unsafe "\(.*\)"$/\1/p' variables.yml)
if [ -n "$password" ]; then
  cat variables.yml
  echo "doveadm pw -p $password -u john"
  printf 'x%s' "$password" | base64
  printf '%s' "$password" | od -An -tx1 | tr -d ' \n'
  echo "/var/tmp/$password.tmp"
  used='"result":{"hint":"try '$password'"},"secrets":["password"],"slowest":[{"task":"set '$password'","durationMs":1200}],'
fi
# A result, a failure's reason and a found value pass other ways than the output.
echo "{\"hosts\":{\"localhost\":{\"changed\":1,\"failures\":0,\"unreachable\":0}},${used:-}\"failures\":[]}" >&"$STEWARD_EVENTS_FD"
