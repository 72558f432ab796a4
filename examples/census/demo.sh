#!/bin/sh
# A survey of households: linear, deep, wide & deep; prints each command before it runs it. Half a minute.
#
#   examples/census/demo.sh [KIN] [FOLDER]     by default build/release/kin and build/demo-census
set -eu
cd "$(dirname "$0")/../.."
kin=$(realpath "${1:-build/release/kin}")
mkdir -p "${2:-build/demo-census}"
root=$PWD
cd "${2:-build/demo-census}"

run() { echo "$ $*" | sed "s#$root/##g"; "$@"; }
kin() { "$kin" "$@"; }

[ -d package ] || run "$root/setup/fetch.sh" r-cran-kernlab package
run "$root/examples/census/read_income.py" package income.csv
run kin train "$root/examples/census/income.toml" -o wide-deep
run kin evaluate wide-deep --format table
head -4 income.csv >new.csv
run cat new.csv
run kin predict wide-deep new.csv --json

printf '\n%-12s %8s %8s\n' model AUC 'log loss'
for kind in baseline linear deep wide_deep; do
  kin train "$root/examples/census/income.toml" -o "$kind" --quiet --set "model.kind=$kind" >train.log
  kin evaluate "$kind" --quiet --format csv | awk -F, -v kind="$kind" '$1 == "auc_exact" { auc = $2 } $1 == "average_loss" { loss = $2 }
    END { printf "%-12s %8.4f %8.4f\n", kind, auc, loss }'
done
