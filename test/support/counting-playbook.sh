#!/bin/sh
# Takes the place of ansible-playbook in fault tests: what it was started with, and that it came to its end, are one
# line each on the appliance's disk, there for good before anything else happens. Nothing else is done. It fails while
# there is a file `fail`, hangs while there is one `hang`, and a step for somebody "flaky" fails the first time that it is
# done on this disk; an undo does none of that.
set -eu
line() {
  # One write, then fsync: a kill leaves a whole line or none.
  printf '{"point":"%s","arguments":"%s","variables":"%s"}\n' "$1" "$arguments" "$variables" |
    dd of="$STEWARD_DISK/effects" bs=1M iflag=fullblock oflag=append conv=notrunc,fsync status=none
}
arguments=$*
variables=$(base64 -w 0 variables.yml)
line start
# A step takes its time, so that a kill may come in the middle of it.
sleep 0.1
case "$arguments" in *"--tags undo"*) ;; *)
  while [ -e "$STEWARD_DISK/hang" ]; do sleep 0.1; done
  fails=no
  if [ -e "$STEWARD_DISK/fail" ]; then fails=yes; fi
  if grep -q flaky variables.yml; then
    flag="$STEWARD_DISK/flaky-$(sha256sum < variables.yml | cut -c 1-16)"
    if [ ! -e "$flag" ]; then
      : > "$flag"
      fails=yes
    fi
  fi
  # It has done a part of it.
  if [ "$fails" = yes ]; then
    echo '{"hosts":{"localhost":{"changed":1,"failures":1,"unreachable":0}},"failures":[{"task":"Count","message":"told to fail"}]}' >&"$STEWARD_EVENTS_FD"
    exit 2
  fi
  ;;
esac
line end
echo "counted"
echo '{"hosts":{"localhost":{"changed":1,"failures":0,"unreachable":0}},"failures":[]}' >&"$STEWARD_EVENTS_FD"
