#!/bin/sh
# Puts Debian trixie's `docker compose` beside the system, without installing anything, and prints the path of the
# program. `docker compose config` needs no daemon. Kept in ~/.cache/slipway-rig, so that only the first call downloads.
set -eu

cache="${SLIPWAY_RIG_CACHE:-$HOME/.cache/slipway-rig}/compose"
program="$cache/usr/libexec/docker/cli-plugins/docker-compose"

if [ ! -x "$program" ]; then
  mkdir -p "$cache"
  work=$(mktemp -d "$cache/work.XXXXXX")
  trap 'rm -rf "$work"' EXIT
  mkdir -p "$work/lists/partial" "$work/cache/archives/partial" "$work/out"
  # The mirror that this machine uses already, for one more suite.
  mirror=$(sed -n -e 's/^URIs: *\([^ ]*\).*/\1/p' -e 's/^deb \(\[[^]]*\] \)\{0,1\}\([^ ]*\) .*/\2/p' \
    /etc/apt/sources.list /etc/apt/sources.list.d/* 2>/dev/null | grep -v security | head -n 1)
  printf 'deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] %s trixie main\n' \
    "${mirror:-http://deb.debian.org/debian}" >"$work/sources.list"
  set -- -o "Dir::Etc::sourcelist=$work/sources.list" -o Dir::Etc::sourceparts=/dev/null \
    -o "Dir::State::lists=$work/lists" -o "Dir::Cache=$work/cache" -o APT::Sandbox::User=root
  apt-get "$@" -qq update >&2
  (cd "$work" && apt-get "$@" -qq download docker-compose >&2)
  dpkg -x "$work"/docker-compose_*.deb "$work/out"
  cp -R "$work/out/." "$cache/"
fi

echo "$program"
