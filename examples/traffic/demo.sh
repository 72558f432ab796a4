#!/bin/sh
# Three million flights: will they be late? Prints each command before it runs it; about two minutes.
#
#   examples/traffic/demo.sh [KIN] [FOLDER]     by default build/release/kin and build/demo-traffic
set -eu
cd "$(dirname "$0")/../.."
kin=$(realpath "${1:-build/release/kin}")
mkdir -p "${2:-build/demo-traffic}"
out=$(realpath --relative-to=. "${2:-build/demo-traffic}")

run() { echo "$ $*"; "$@"; }
kin() { "$kin" "$@"; }

run setup/install.sh data
run kin train examples/traffic/flights.toml -o "$out/flights"
run kin evaluate "$out/flights" --format table
run kin evaluate "$out/flights" --slice origin --max-slices 5 --metrics auc,log_loss,label/mean --format table
run kin similar "$out/flights" EWR --table origin -k 5 --format table
run kin train examples/traffic/week.toml -o "$out/week" --quiet
echo "$ kin export $out/week --to csv --table weekday_hour/embedding | examples/traffic/heat.py"
kin export "$out/week" --to csv --table weekday_hour/embedding | examples/traffic/heat.py
