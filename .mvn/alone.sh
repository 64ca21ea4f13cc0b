# One ./bench at a time. Sourced by ./bench.

# alone [FILE]: ends the shell (75) where another ./bench of this user runs: two would measure each other, and each would give the kernel back the limits that
# the other needs. The kernel holds FILE until this shell and all that it has started have ended, however they do
alone() {
  command -v flock >/dev/null || return 0
  if [ "$(id -u)" = 0 ]; then
    held=/var/cache/dormouse/bench.lock
  else
    held=${XDG_CACHE_HOME:-$HOME/.cache}/dormouse/bench.lock
  fi
  held=${1:-$held}
  mkdir -p "$(dirname "$held")"
  exec {lock}>>"$held"
  if ! flock -n "$lock"; then
    echo "Another ./bench runs (pid $(cat "$held"), or what it has started): one at a time." >&2
    exit 75
  fi
  echo $$ >"$held"
}
