#!/bin/sh
# Installs what only the system can give, where that may be done: root, on Debian or Ubuntu. Elsewhere it names what is missing and goes on:
# real nodes then do not run, everything else does.
set -eu
[ "$(uname -s)" = Linux ] || { echo "real nodes need Linux: going on without them" >&2; exit 0; }

missing=
need() { # need COMMAND-OR-FILE PACKAGE
    command -v "$1" >/dev/null 2>&1 || [ -e "$1" ] || missing="$missing $2"
}
PATH=$PATH:/usr/sbin:/sbin
need runc runc
need iptables iptables
need ipset ipset
need nft nftables
need conntrack conntrack
need ip iproute2
need nsenter util-linux
need mount mount
need modprobe kmod
need busybox busybox-static
need /usr/lib/cni/host-local containernetworking-plugins
need /usr/lib/postgresql postgresql
need chromium chromium
need java default-jre-headless
need mvn maven
[ -z "$missing" ] && exit 0

if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
    echo "installing system packages for real nodes and tests:$missing" >&2
    export DEBIAN_FRONTEND=noninteractive
    apt-get update -qq >/dev/null
    # shellcheck disable=SC2086 # a list of packages
    apt-get install -y -qq --no-install-recommends $missing >/dev/null
else
    echo "real nodes need these system packages:$missing (as root on Debian or Ubuntu: apt-get install$missing); going on without real nodes" >&2
fi
