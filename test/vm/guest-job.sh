# SPDX-License-Identifier: Apache-2.0
# The guest's job, as root: prepares what a distribution and an administrator would, then runs the tests as user dev.
set -u
project=/mnt/project

ln -s "$project/node" /usr/local/bin/node
ln -s "$project/sampan/bin/sampan.js" /usr/local/bin/sampan
cp "$project/busybox" /usr/local/bin/busybox
[ -e /dev/net/tun ] || modprobe tun

loginctl enable-linger dev
uid=$(id -u dev)
tries=0
until [ -S "/run/user/$uid/bus" ] || [ "$tries" -ge 300 ]; do
  tries=$((tries + 1))
  sleep 0.1
done

export XDG_RUNTIME_DIR="/run/user/$uid" HOME=/home/dev USER=dev LOGNAME=dev LANG=C.UTF-8 TERM=dumb
exec_as_dev() { setpriv --reuid=dev --regid=dev --init-groups "$@"; }
# a session of its own below the user's systemd: its cgroup is delegated to the user
exec_as_dev systemd-run --user --pipe --quiet --wait -p Delegate=yes --setenv=PATH="$PATH" --working-directory=/home/dev \
  sh "$project/vm/run.sh" 2>&1
echo guest-tests-end
