#!/bin/sh
# Replaces the copies of a Compose service without taking it away, as the public docker-rollout does: as many new copies
# beside the old ones, wait until they are healthy, let the proxy know, drain, remove the old ones.
#   rollout.sh SERVICE UPSTREAMS_FILE DRAIN_SECONDS RELOAD_COMMAND...
set -eu
service=$1 upstreams=$2 drain=$3
shift 3

address='{{range .NetworkSettings.Networks}}{{.IPAddress}} {{end}}'
tell_proxy() { # IDS: nginx sends users to these from now on
  for host in $(docker inspect -f "$address" "$@"); do echo "server $host:3000;"; done >"$upstreams.new"
  mv "$upstreams.new" "$upstreams"
}

old=$(docker compose ps -q "$service")
count=$(echo "$old" | wc -l)
docker compose up -d --no-recreate --scale "$service=$((count * 2))" "$service" >/dev/null 2>&1
new=
for id in $(docker compose ps -q "$service"); do
  case "$old" in *"$id"*) ;; *) new="$new $id" ;; esac
done

tries=0
until [ "$(docker inspect -f '{{.State.Health.Status}}' $new | grep -c '^healthy$')" = "$count" ]; do
  tries=$((tries + 1))
  if [ "$tries" -gt 300 ]; then
    docker rm -f $new >/dev/null
    echo 'the new copies do not become healthy' >&2
    exit 1
  fi
  sleep 0.2
done

tell_proxy $new
"$@"
sleep "$drain"
docker stop $old >/dev/null
docker rm $old >/dev/null
