# shellcheck shell=bash
# Names, addresses and helpers shared by the lab's commands; sourced, never run.
# shellcheck disable=SC2034  # the variables are read by the files that source this one

lab=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
cache=${LAB_CACHE:-/var/cache/jitsi-openstack-lab}/openstack-full
state=${LAB_STATE:-$(cd "$lab/../.." && pwd)/.lab}/openstack-full

# The link between this machine and the cloud, and the cloud's external network behind it.
host_link=jitsi-lab0
host_address=172.31.255.1
cloud_address=172.31.255.2
public_net=172.24.4.0/24
nft_table=jitsi_lab

# Every process of the cloud lives in this control group: what is in it was started by the lab. Nodes and servers see the
# version 2 tree only, below their node's group. Where the machine has version 1 hierarchies beside it (hybrid), the
# controllers are in those, and the group is in each.
control_group=jitsi-lab
tree=/sys/fs/cgroup
hierarchies=()
if [[ ! -e $tree/cgroup.controllers ]]; then
    mapfile -t hierarchies < <(find "$tree" -mindepth 1 -maxdepth 1 -type d ! -name unified)
    tree+=/unified
fi

control=lab-1
nodes=("$control" lab-2)
releases=(debian-12:bookworm debian-13:trixie)

patience=${LAB_PATIENCE:-1}
started=$SECONDS
stage() { printf '%5d s  %s\n' "$((SECONDS - started))" "$*"; }
die() {
    printf '%s: %s\n' "${0##*/}" "$*" >&2
    exit 1
}

# await SECONDS WHAT COMMAND...: until COMMAND succeeds; fails after the bound, LAB_PATIENCE times as long on slow machines
await() {
    local bound=$(($1 * patience)) what=$2
    shift 2
    local end=$((SECONDS + bound))
    until "$@" >/dev/null 2>&1; do
        ((SECONDS < end)) || die "gave up after $bound s waiting for $what"
        sleep 0.2
    done
}

# control_groups: the directories of the lab's control group, in each hierarchy
control_groups() { find "$tree" "${hierarchies[@]}" -mindepth 1 -maxdepth 1 -type d -name "$control_group"; }

# lab_processes: ids of all processes in the lab's control groups, as seen from this machine
lab_processes() {
    control_groups | xargs --no-run-if-empty -I GROUP find GROUP -name cgroup.procs -exec cat {} + 2>/dev/null | sort -nu
}

# node_pid NODE: id of the node's first process, if it is still the lab's
node_pid() {
    local pid
    pid=$(cat "$state/$1/pid" 2>/dev/null) || return 1
    grep -q "/$control_group" "/proc/$pid/cgroup" 2>/dev/null || return 1
    echo "$pid"
}

# enter_control_group NODE [PART]: make the calling (sub)shell, and what it starts from here on, the lab's
#
# libvirt takes the node's group for the root of all and hands controllers to the groups below, so it may hold no
# processes: what a node runs is in its part "services", its servers are in groups that libvirt makes beside that.
enter_control_group() {
    local hierarchy group=$tree/$control_group
    mkdir -p "$group/$1/services"
    if ((${#hierarchies[@]} == 0)); then
        for hierarchy in "$tree" "$group"; do
            echo '+cpu +memory +pids' >"$hierarchy/cgroup.subtree_control" ||
                die "$hierarchy has no controllers for processors and memory to hand out"
        done
        # A group weighs as much as any other unless told otherwise; the cloud is a hundred processes.
        echo 1000 >"$group/cpu.weight"
    fi
    echo "$BASHPID" >"$group/$1/${2-services}/cgroup.procs"
    for hierarchy in "${hierarchies[@]}"; do
        group=$hierarchy/$control_group
        mkdir -p "$group"
        # A new cpuset admits nobody until it has processors and memory.
        if [[ -e $group/cpuset.cpus && -z $(<"$group/cpuset.cpus") ]]; then
            cat "$hierarchy/cpuset.cpus" >"$group/cpuset.cpus"
            cat "$hierarchy/cpuset.mems" >"$group/cpuset.mems"
        fi
        [[ ! -e $group/cpu.shares ]] || echo 10240 >"$group/cpu.shares"
        echo "$BASHPID" >"$group/cgroup.procs"
    done
}

# on NODE COMMAND...: run COMMAND inside the node
on() {
    local pid
    pid=$(node_pid "$1") || {
        echo "node $1 does not run" >&2
        return 1
    }
    (
        enter_control_group "$1"
        shift
        exec nsenter --target "$pid" --mount --uts --ipc --net --pid --cgroup \
            env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LANG=C.UTF-8 TERM="${TERM:-dumb}" \
            PYTHONWARNINGS=ignore OS_CLIENT_CONFIG_FILE=/etc/lab/clouds.yaml OS_CLOUD="${OS_CLOUD:-lab-admin}" \
            LAB_PATIENCE="$patience" "$@"
    )
}
