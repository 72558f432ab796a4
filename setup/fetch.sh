#!/bin/sh
# Downloads a Debian package and unpacks it into a folder, without installing it: apt checks its signature and hash.
#
#   setup/fetch.sh PACKAGE FOLDER
set -eu
package=$1
mkdir -p "$2"
folder=$(cd "$2" && pwd)
cd "$(dirname "$0")/.."
. setup/common.sh

# apt's download process runs as the user _apt and must be able to write where the file goes, which it seldom can below
# a home directory; so the file passes through a folder of its own.
spool=$(mktemp -d)
trap 'rm -rf "$spool"' EXIT
if [ "$(id -u)" -eq 0 ] && id _apt >/dev/null 2>&1; then chown _apt "$spool"; fi

download() { (cd "$spool" && apt-get -q download "$package"); }

say "downloading $package"
download || { say "no list of packages that has it: fetching the lists"; as_root apt-get -q update; download; }
dpkg-deb -x "$spool"/"$package"_*.deb "$folder"
