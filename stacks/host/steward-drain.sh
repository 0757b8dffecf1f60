#!/usr/bin/env bash
# Watches what AWS is about to do with this instance of the worker group, until it is drained:
#
#   scale-in, replacement   target-lifecycle-state is Terminated   jobs end, as long as the group's hook waits
#   spot notice             two minutes are left                   jobs end or are given back, before the time is up
#   rebalance advice        the group may replace the instance     it goes on, but asks no longer to be spared
#
# Until then the instance is protected from scale-in while a job runs on it. Of what the metadata service says, only an
# answer counts: no answer changes nothing.
set -euo pipefail

: "${AWS_REGION:?}" "${STEWARD_GROUP:?}" "${STEWARD_DRAIN_HOOK:?}" "${STEWARD_DRAIN_SECONDS:?}"
imds=${STEWARD_IMDS:-http://169.254.169.254}
pause=${STEWARD_DRAIN_PAUSE:-5}
status_file=${STEWARD_WORKER_STATUS:-/var/lib/steward-worker/status.json}
# Of a spot notice's time: for giving jobs back, and for the last heartbeat.
margin_seconds=25

say() { printf 'steward-drain: %s\n' "$*"; }

token=
# Answers what the metadata service has under a path; nothing where it has nothing.
metadata() {
  curl --silent --fail --max-time 2 --header "X-aws-ec2-metadata-token: $token" "$imds/latest/meta-data/$1" || true
}
renew_token() {
  token=$(curl --silent --fail --max-time 2 --request PUT --header 'X-aws-ec2-metadata-token-ttl-seconds: 300' \
    "$imds/latest/api/token" || true)
}

# Jobs that run here. A worker writes its status at least every half minute: an old one is of a worker that is gone.
used_slots() {
  if [[ -n $(find "$status_file" -mmin -2 2>/dev/null) ]]; then
    jq --raw-output '.used // 0' "$status_file" 2>/dev/null || echo 0
  else
    echo 0
  fi
}

protected=unknown
refused=no
protect() {
  [[ $protected != "$1" ]] || return 0
  local flag=--protected-from-scale-in
  [[ $1 == yes ]] || flag=--no-protected-from-scale-in
  if aws autoscaling set-instance-protection --region "$AWS_REGION" --auto-scaling-group-name "$STEWARD_GROUP" \
    --instance-ids "$instance" "$flag"; then
    protected=$1
    refused=no
    say "protected from scale-in: $1"
  elif [[ $refused == no ]]; then
    # While the group still holds it at its start, for one. Tried again at the next turn, and told once.
    refused=yes
    say "could not set the protection from scale-in to $1; trying on"
  fi
}

# Seconds until a spot instance is taken away, or nothing.
seconds_to_interruption() {
  local notice at
  notice=$(metadata spot/instance-action)
  [[ -n $notice ]] || return 0
  # A notice that cannot be read is one of a moment ago: two minutes at most.
  at=$(jq --raw-output '.time // empty' <<<"$notice" 2>/dev/null | xargs --no-run-if-empty -I{} date --date {} +%s || true)
  echo $((${at:-$(($(date +%s) + 120))} - $(date +%s)))
}

worker_ended() {
  case $(systemctl show --property ActiveState --value steward-worker) in
    inactive | failed) return 0 ;;
    *) return 1 ;;
  esac
}

# The worker takes no more, and its jobs get until `deadline`; a spot notice that comes meanwhile brings that forward.
drain() {
  local deadline=$((SECONDS + $1)) hurried=no left
  say "draining, for $1 s at most"
  systemctl stop --no-block steward-worker
  until worker_ended; do
    renew_token
    left=$(seconds_to_interruption)
    if [[ -n $left ]] && ((SECONDS + left - margin_seconds < deadline)); then
      deadline=$((SECONDS + left - margin_seconds))
    fi
    if ((SECONDS >= deadline)) && [[ $hurried == no ]]; then
      hurried=yes
      say 'the time is up: what still runs is given back'
      systemctl kill --signal=SIGUSR2 --kill-whom=main steward-worker || true
    fi
    # Longer than giving back may take (5 s): the instance's own end does the rest.
    if ((SECONDS >= deadline + 15)); then
      say 'the worker does not end'
      break
    fi
    sleep "$pause"
  done
}

# The group waits for this word, or for its hook's timeout.
let_go() {
  local tries
  for tries in 1 2 3 4 5; do
    if aws autoscaling complete-lifecycle-action --region "$AWS_REGION" --auto-scaling-group-name "$STEWARD_GROUP" \
      --lifecycle-hook-name "$STEWARD_DRAIN_HOOK" --instance-id "$instance" --lifecycle-action-result CONTINUE; then
      say 'drained'
      return 0
    fi
    sleep "$pause"
  done
  # On a spot notice the instance may be taken before the group holds it: then nobody waits for a word.
  say "drained; the group was not waiting (asked $tries times)"
}

instance=
until [[ -n $instance ]]; do
  renew_token
  instance=$(metadata instance-id)
  [[ -n $instance ]] || sleep "$pause"
done
say "watching over $instance"

advised=no
while true; do
  renew_token
  left=$(seconds_to_interruption)
  if [[ -n $left ]]; then
    say "spot notice: $left s are left"
    allowed=$((left - margin_seconds))
    drain $((allowed > 0 ? allowed : 0))
    let_go
    exit 0
  fi
  if [[ $(metadata autoscaling/target-lifecycle-state) == Terminated ]]; then
    say 'the group is ending this instance'
    drain "$STEWARD_DRAIN_SECONDS"
    let_go
    exit 0
  fi
  if [[ -n $(metadata events/recommendations/rebalance) ]]; then
    [[ $advised == yes ]] || say 'rebalance advice: the group may replace this instance'
    advised=yes
    protect no
  elif (($(used_slots) > 0)); then
    protect yes
  else
    protect no
  fi
  sleep "$pause"
done
