#!/bin/sh
# From data to recommendations, step by step; prints each command before it runs it. Repeating does no work twice.
#
#   examples/movies/demo.sh [KIN] [FOLDER]     by default build/release/kin and build/demo
set -eu
cd "$(dirname "$0")/../.."
root=$PWD
kin=$(realpath "${1:-build/release/kin}")
mkdir -p "${2:-build/demo}"
cd "${2:-build/demo}"
root=$(realpath --relative-to=. "$root")  # the commands then read the same on every machine

title() { printf '\n\033[1m%s\033[0m\n' "$1"; }
[ -t 1 ] && [ -z "${NO_COLOR:-}" ] || title() { printf '\n%s\n' "$1"; }

run() {  # prints the command as one would type it, then runs it
  printf '$'
  for word; do
    case $word in *[!A-Za-z0-9_./,=@:%+-]*) printf " '%s'" "$word" ;; *) printf ' %s' "$word" ;; esac
  done
  printf '\n'
  "$@"
}
kin() {
  case $1 in  # where no terminal listens these would print bare columns; show what a reader at a terminal sees
    evaluate | similar | recommend) "$kin" "$@" --format table ;;
    *) "$kin" "$@" ;;
  esac
}

if [ ! -f ratings.csv ]; then
  title 'MovieLens, from the Debian package r-cran-dslabs'
  run "$root/setup/fetch.sh" r-cran-dslabs package
  run "$root/scripts/read_dslabs.py" package .
  rm -r package
fi

title 'Train: three movies watched in, the next seven predicted'
run kin train "$root/examples/movies/movies.toml" -o run

title 'Evaluate: users the model has never seen, beside two simple methods'
run kin evaluate run

title 'Similar movies'
run kin similar run 'Toy Story (1995)' -k 5
run kin similar run 'Godfather, The (1972)' -k 5
run kin similar run 'Matrix, The (1999)' -k 5

title 'What next, after these three?'
run kin recommend run --history 1,260,480 -k 10

title 'Now you:'
cat <<END
  cd $PWD && PATH=$(dirname "$kin"):\$PATH
  kin recommend run --history 'Alien (1979)' -k 5 --why       which movies of the history spoke for each
  kin info run                                                what is inside the model
  kin lookup run 1 --format csv                               the vector of Toy Story
  kin check $root/examples/movies/movies.toml --resolved      every setting and its default
  kin --help
END
