#!/bin/sh
# Words and bedrooms to a price; prints each command before it runs it. A few seconds.
#
#   examples/houses/demo.sh [KIN] [FOLDER]     by default build/release/kin and build/demo-houses
set -eu
cd "$(dirname "$0")/../.."
kin=$(realpath "${1:-build/release/kin}")
mkdir -p "${2:-build/demo-houses}"
root=$PWD
cd "${2:-build/demo-houses}"

run() { echo "$ $*" | sed "s#$root/##g"; "$@"; }
kin() { "$kin" "$@"; }

run "$root/examples/houses/adverts.py" adverts.csv
[ -f houses/model.json ] || run kin train "$root/examples/houses/houses.toml" -o houses
run kin evaluate houses --format table
for word in penthouse garden loft damp; do run kin similar houses $word --table words -k 5 --format table; done
printf 'advert,bedrooms\nbright loft near station,1\nbright loft near station,4\nquiet garden near station,1\nquiet garden near station,4\n' > new.csv
run kin predict houses new.csv --json
run kin lookup houses penthouse damp garden loft --table words --format table
