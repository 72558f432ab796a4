# What the scripts of this folder share; read with '.', after cd to the repository's root.

say() { echo "setup: $*" >&2; }
fail() { say "$*"; exit 1; }

as_root() {
  if [ "$(id -u)" -eq 0 ]; then "$@"
  elif command -v sudo >/dev/null; then sudo "$@"
  else fail "root is needed for '$*': run this as root, or install sudo, or ask an administrator to run that line"
  fi
}
