#!/bin/sh
# Seattle's table of months and hours, reused in San Francisco; prints each command before it runs it.
#
#   examples/transfer/demo.sh [KIN] [FOLDER]     by default build/release/kin and build/demo-transfer
set -eu
cd "$(dirname "$0")/../.."
kin=$(realpath "${1:-build/release/kin}")
mkdir -p "${2:-build/demo-transfer}"
root=$PWD
cd "${2:-build/demo-transfer}"
here=$root/examples/transfer

run() { echo "$ $*" | sed "s#$root/##g"; "$@"; }
kin() { "$kin" "$@"; }
learn() { name=$1; shift; kin train "$here/sf.toml" -o "$name" "$@" >learn.log; }
rmse() { kin evaluate "$1" --quiet --format csv | awk -F, '$1 == "rmse" { printf "%.2f", $2 }'; }

[ -d package ] || run "$root/setup/fetch.sh" python3-vega-datasets package
run "$here/cities.py" package .
rm -rf seattle sf-*
run kin train "$here/seattle.toml" -o seattle
run kin train "$here/sf.toml" -o sf-frozen

printf '\nError in San Francisco, in degrees Fahrenheit\n%8s %8s %11s %13s\n' hours frozen fine-tuned 'from scratch'
for hours in 30 100 300 1000 5000; do
  "$here/cities.py" package . "$hours"
  epochs=$((15000 / hours > 10 ? 15000 / hours : 10))
  set -- --quiet --set train.epochs=$epochs --set train.evaluate_every=$((epochs / 10))
  learn "sf-frozen-$hours" "$@"
  learn "sf-tuned-$hours" "$@" --set columns.month_hour.embed.trainable=true
  learn "sf-scratch-$hours" "$@" --set columns.month_hour.embed.trainable=true \
    --set columns.month_hour.embed.checkpoint= --set columns.month_hour.embed.tensor=
  printf '%8s %8s %11s %13s\n' "$hours" "$(rmse "sf-frozen-$hours")" "$(rmse "sf-tuned-$hours")" "$(rmse "sf-scratch-$hours")"
done
"$here/cities.py" package .
