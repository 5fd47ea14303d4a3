# SPDX-License-Identifier: Apache-2.0
# What needs systemd and a delegated cgroup v2, as user dev inside the guest. One line per test: ok or not ok.
# Runs in emulation, where every start costs seconds: few tests, each of a whole way.
set -u
count=0
work=$(mktemp -d)

# check NAME COMMAND...: the command's success is the test
check() {
  name=$1
  shift
  count=$((count + 1))
  if "$@" >"$work/out" 2>&1; then
    echo "ok $count - $name"
  else
    echo "not ok $count - $name"
    sed 's/^/# /' "$work/out"
  fi
}

own_cgroup=/sys/fs/cgroup$(sed -n 's/^0:://p' /proc/self/cgroup)

is_set_up() {
  [ "$(id -u)" -ne 0 ] && [ "$(stat -f -c %T /sys/fs/cgroup)" = cgroup2fs ] && [ -w "$own_cgroup/cgroup.procs" ] &&
    grep -q memory "$own_cgroup/cgroup.controllers"
}

run_host() {
  out=$(sampan run --rm host sh -c 'id -u; echo $$; cat /proc/sys/kernel/hostname; ls /') || return 1
  echo "$out"
  [ "$(echo "$out" | sed -n 1p)" = 0 ] && [ "$(echo "$out" | sed -n 2p)" = 1 ] && echo "$out" | grep -q usr
}

system_check() {
  sampan system check
}

load_and_run() {
  mkdir -p "$work/rootfs/bin" "$work/rootfs/etc" &&
    cp /mnt/project/busybox "$work/rootfs/bin/busybox" && cp /mnt/project/report "$work/rootfs/bin/report" &&
    for applet in sh cat sleep id echo; do ln -s busybox "$work/rootfs/bin/$applet"; done &&
    echo root:x:0:0:root:/:/bin/sh >"$work/rootfs/etc/passwd" &&
    tar -C "$work/rootfs" -cf "$work/rootfs.tar" . &&
    sampan import -c 'CMD ["/bin/sh","-c","echo loaded as $(id -u)"]' "$work/rootfs.tar" guest/test &&
    [ "$(sampan run --rm guest/test)" = 'loaded as 0' ]
}

all_ids() {
  [ "$(sampan run --rm -u 1234 guest/test id -u)" = 1234 ]
}

own_delegated_cgroup() {
  id=$(sampan run -d --name caged guest/test sleep 1000) || return 1
  pid=$(sampan inspect --format '{{.State.Pid}}' caged)
  cgroup=$(sed -n 's/^0:://p' "/proc/$pid/cgroup")
  echo "ours: $own_cgroup; the container's: $cgroup"
  short=$(echo "$id" | cut -c1-12)
  case /sys/fs/cgroup$cgroup in "$own_cgroup"/*"$short"*) ;; *) return 1 ;; esac
  grep -qx "$pid" "/sys/fs/cgroup$cgroup/cgroup.procs"
}

cgroup_namespace() {
  [ "$(sampan exec caged cat /proc/self/cgroup)" = '0::/' ]
}

exec_joins() {
  sampan exec -d caged sleep 500 || return 1
  pid=$(sampan inspect --format '{{.State.Pid}}' caged)
  cgroup=/sys/fs/cgroup$(sed -n 's/^0:://p' "/proc/$pid/cgroup")
  sleep 1
  [ "$(wc -l <"$cgroup/cgroup.procs")" -eq 2 ]
}

removed_cgroup() {
  pid=$(sampan inspect --format '{{.State.Pid}}' caged)
  cgroup=/sys/fs/cgroup$(sed -n 's/^0:://p' "/proc/$pid/cgroup")
  sampan rm -f caged || return 1
  [ ! -e "$cgroup" ] && [ ! -e "/proc/$pid" ]
}

nothing_left() {
  [ -z "$(sampan ps -aq)" ] || return 1
  left=$(find "$own_cgroup" -mindepth 1 -type d; ls -A "$HOME/.local/share/sampan/tmp" "$HOME/.local/share/sampan/names")
  ps -o pid,args -u "$(id -u)"
  echo "left: $left"
  ! echo "$left" | grep -q '^[^/]' && ! echo "$left" | grep -q "^$own_cgroup/sampan"
}

check 'user dev has a delegated cgroup v2 with the memory controller' is_set_up
check 'run host runs a command as root of its own namespaces' run_host
check 'system check finds nothing missing' system_check
check 'an imported image runs' load_and_run
check 'sub-ids of the distribution are used' all_ids
check 'a container sits in a cgroup of its own below the delegated one' own_delegated_cgroup
check 'the container sees its cgroup as the root' cgroup_namespace
check 'an exec process joins the container'"'"'s cgroup' exec_joins
check 'removal takes process and cgroup along' removed_cgroup
check 'nothing is left behind' nothing_left
