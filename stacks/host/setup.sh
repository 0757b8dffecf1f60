#!/usr/bin/env bash
# Makes a GPU host of a fresh instance: Node, Ollama, Ansible, the worker, the agent, the drain. Run once, as root, from the
# folder that it lies in, after the instance's user data has written /etc/steward. May be run again.
set -euo pipefail
umask 022
export HOME=/root PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin

# shellcheck source=/dev/null
. /etc/steward/host.env
: "${AWS_REGION:?}" "${STEWARD_API_URL:?}" "${STEWARD_SECRET_PREFIX:?}" "${STEWARD_MODELS:?}"
: "${NODE_URL:?}" "${NODE_SHA256:?}" "${OLLAMA_URL:?}" "${OLLAMA_SHA256:?}" "${ANSIBLE_PACKAGE:?}"
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

# Nothing that is said may end up in what a command answers.
say() { printf 'steward-setup: %s\n' "$*" >&2; }

# Runs a command until it succeeds: for what depends on others that are just being started.
persistently() {
  local tries=$1 left
  shift
  for ((left = tries; left > 0; left--)); do
    "$@" && return 0
    sleep 5
  done
  say "gave up after $tries tries: ${1##*/}"
  return 1
}

# A file of exactly this content, or none.
fetch() {
  local url=$1 sha256=$2 file=$3
  persistently 20 curl --silent --show-error --fail --location --max-time 900 --output "$file" "$url"
  sha256sum --check --status <<<"$sha256  $file" || {
    say "$url is not what was pinned"
    rm -f "$file"
    return 1
  }
}

packages() {
  export DEBIAN_FRONTEND=noninteractive
  # The image's own first-boot updates may hold the lock.
  apt-get -o DPkg::Lock::Timeout=600 -qq update
  apt-get -o DPkg::Lock::Timeout=600 -qq install --yes --no-install-recommends jq xz-utils zstd "$ANSIBLE_PACKAGE"
}

programs() {
  local folder
  folder=$(mktemp -d)
  fetch "$NODE_URL" "$NODE_SHA256" "$folder/node.tar.xz"
  tar --extract --xz --file "$folder/node.tar.xz" --directory /usr/local --strip-components 1 --no-same-owner \
    --wildcards '*/bin/node'
  fetch "$OLLAMA_URL" "$OLLAMA_SHA256" "$folder/ollama.tar.zst"
  tar --extract --zstd --file "$folder/ollama.tar.zst" --directory /usr/local --no-same-owner
  rm -rf "$folder"
  install -m 755 "$here/worker/steward-worker.mjs" "$here/agent/steward-agent.mjs" /opt/steward/
  # The doorbell calls the agent by this name.
  ln -sfn /opt/steward/steward-worker.mjs /usr/local/bin/steward-worker
  ln -sfn /opt/steward/steward-agent.mjs /usr/local/bin/steward-agent
  install -m 755 "$here/steward-drain.sh" /usr/local/bin/steward-drain
  install -m 644 "$here"/*.service /etc/systemd/system/
  systemctl daemon-reload
}

users() {
  local user
  for user in ollama steward-worker; do
    id "$user" >/dev/null 2>&1 || useradd --system --user-group --no-create-home --shell /usr/sbin/nologin \
      --home-dir "/var/lib/$user" "$user"
    install -d -m 700 -o "$user" -g "$user" "/var/lib/$user"
  done
  for user in render video; do
    ! getent group "$user" >/dev/null || usermod --append --groups "$user" ollama
  done
  install -d -m 700 /var/lib/steward-agent
}

instance_id() {
  local token
  token=$(curl --silent --fail --max-time 5 --request PUT --header 'X-aws-ec2-metadata-token-ttl-seconds: 300' \
    http://169.254.169.254/latest/api/token)
  curl --silent --fail --max-time 5 --header "X-aws-ec2-metadata-token: $token" \
    http://169.254.169.254/latest/meta-data/instance-id
}

invitation() {
  aws secretsmanager get-secret-value --region "$AWS_REGION" --secret-id "$STEWARD_SECRET_PREFIX$1" \
    --query SecretString --output text 2>/dev/null
}

# Tokens go from one program to the next by pipe: no argument, no file and no line of the log has one.
enrol() {
  local id secret
  id=$(persistently 20 instance_id)
  # The group holds this instance until the secret was made.
  secret=$(persistently 120 invitation "$id")
  persistently 20 enrol_one .worker "$secret" runuser --user steward-worker -- \
    env STEWARD_STATE_DIR=/var/lib/steward-worker steward-worker
  persistently 20 enrol_one .appliance "$secret" env STEWARD_STATE_DIR=/var/lib/steward-agent steward-agent
}
enrol_one() {
  local which=$1 secret=$2
  shift 2
  jq --raw-output "$which" <<<"$secret" | "$@" enrol --url "$STEWARD_API_URL" --token -
}

models() {
  local model
  for model in $STEWARD_MODELS; do
    say "pulling $model"
    persistently 20 ollama pull "$model"
  done
}

failed() {
  say "failed in line $1; this instance goes and the group starts another one"
  systemctl poweroff
}
trap 'failed $LINENO' ERR
set -o errtrace

packages
users
programs
enrol
# The worker takes its first job as soon as one model is there: smallest first, while the others still come.
systemctl enable --now ollama.service steward-agent.service steward-worker.service steward-drain.service
models
say 'ready'
