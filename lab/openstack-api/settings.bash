# settings.bash: sourced by up, down, status and bench/provision: where the cloud's files lie and on which ports it answers.
#
# LAB_CACHE              caches of all labs; safe to delete while the lab is down
# LAB_STATE              running state of all labs
# LAB_OPENSTACK_OFFSET   added to every port, so that several clouds run side by side (each with its own LAB_STATE)
# shellcheck shell=bash disable=SC2034  # the variables are used by those who source this
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
here=$root/lab/openstack-api
state=${LAB_STATE:-$root/.lab}/openstack-api
offset=${LAB_OPENSTACK_OFFSET:-0}
cache=${LAB_CACHE:-/var/cache/jitsi-openstack-lab}/openstack-api
# A changed recipe gets a new venv or template; the old one stays for checkouts that still use it.
fingerprint() {
  (cd "$here" && find "$@" -type f -not -name '*.pyc' -print0 | LC_ALL=C sort -z | xargs -0 cat) | sha256sum | cut -c1-12
}
venv=$cache/venv-$(fingerprint requirements.txt)
template=$cache/template-$(fingerprint requirements.txt up state.py seed.py neutron_schema.py plugins)

declare -A port=([keystone]=5000 [placement]=8778 [glance]=9292 [neutron]=9696 [nova]=8774)
for name in "${!port[@]}"; do port[$name]=$((port[$name] + offset)); done

# The processes of this cloud that are alive: "PID NAME" per line. A recycled process number is told by the directory the
# process works in (some services overwrite their environment and title).
processes() {
  local file pid
  for file in "$state"/pid/*; do
    [ -e "$file" ] || continue
    pid=$(cat "$file")
    if [ "$(readlink "/proc/$pid/cwd")" = "$(realpath "$state")" ]; then echo "$pid ${file##*/}"; fi
  done
}
