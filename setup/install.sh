#!/bin/sh
# Installs what the lists beside this file name and this machine lacks, and says what it does. Safe to repeat.
#
#   setup/install.sh          what `make demo` needs (debian.txt)
#   setup/install.sh parquet  DuckDB's library for Parquet and SQL, in build/node (node/package.json)
#   setup/install.sh data     that, and data sets for examples and benchmarks, 40 MB in build/node-data
#                             (node-data/package.json)
#   setup/install.sh tests    what `make demo` and Parquet need, and the Python packages of the tests, in build/venv
#                             (python.txt)
#   setup/install.sh tools    that of the tests, and formatter, linter and clang (debian-tools.txt)
#   setup/install.sh bench    that of the tests, and the rivals, in build/venv-bench (bench-python.txt)
#   setup/install.sh bench-columns  what `make demo` needs, and those of `make bench JOB=columns`, in build/venv-bench-columns
#                             (bench-columns-python.txt)
set -eu
cd "$(dirname "$0")/.."

. setup/common.sh

names() { sed 's/#.*//' "$@" | awk 'NF { print $1 }'; }

installed() { dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null | grep -qx installed; }

install_debian() {  # LIST...
  command -v dpkg-query >/dev/null ||
    fail "this is no Debian: install the equivalents of $* by hand, and see CONTRIBUTING.md for building without setup/"
  missing=$(for name in $(names "$@"); do installed "$name" || echo "$name"; done)
  [ -n "$missing" ] || return 0
  say "installing" $missing
  as_root apt-get -q update
  as_root env DEBIAN_FRONTEND=noninteractive apt-get -q install -y --no-install-recommends $missing
}

install_python() {  # LIST ENVIRONMENT
  # The copy of the list is written last, so an installation that was cut off is done again.
  if [ -x "$2/bin/python" ] && cmp -s "$1" "$2/installed.txt"; then return 0; fi
  say "installing" $(names "$1") "into $2"
  python3 -m venv "$2"
  "$2/bin/python" -m pip install --quiet --disable-pip-version-check -r "$1"
  cp "$1" "$2/installed.txt"
}

install_node() {  # FOLDER TARGET
  # The copy of the lock file is written last, as above.
  if cmp -s "$1/package-lock.json" "$2/installed.json"; then return 0; fi
  command -v npm >/dev/null || install_debian setup/debian-node.txt
  say "installing the packages of $1 into $2"
  mkdir -p "$2"
  cp "$1/package.json" "$1/package-lock.json" "$2"
  npm ci --prefix "$2" --ignore-scripts --no-audit --no-fund --loglevel=error
  cp "$1/package-lock.json" "$2/installed.json"
}

case "${1:-}" in
  parquet | data) ;;
  '' | tests | bench | bench-columns) install_debian setup/debian.txt ;;
  tools) install_debian setup/debian.txt setup/debian-tools.txt ;;
  *) fail "unknown word '$1'; one of: tests, tools, bench, bench-columns, parquet, data, or none" ;;
esac
case "${1:-}" in tests | tools | bench | parquet | data) install_node setup/node build/node ;; esac
case "${1:-}" in data) install_node setup/node-data build/node-data ;; esac
case "${1:-}" in tests | tools | bench) install_python setup/python.txt build/venv ;; esac
case "${1:-}" in bench) install_python setup/bench-python.txt build/venv-bench ;; esac
case "${1:-}" in bench-columns) install_python setup/bench-columns-python.txt build/venv-bench-columns ;; esac
