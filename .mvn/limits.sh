# Raises limits of the kernel. Sourced by ./bench.

# raise_instances [FILE]: each idle session of Dovecot takes an inotify instance, of which Linux gives a user 128. Gives it its own number back at
# the end of the shell; if it cannot be raised, says so, and leaves it in $note
raise_instances() {
  instances=${1:-/proc/sys/fs/inotify/max_user_instances}
  note=
  before=$(cat "$instances" 2>/dev/null) || return 0 # no Linux
  [ "$before" -lt 40000 ] || return 0
  if [ -w "$instances" ] && echo 40000 2>/dev/null >"$instances"; then
    trap 'echo "$before" >"$instances"' EXIT
    return 0
  fi
  # shellcheck disable=SC2034 # for who sources this
  note="Linux gives a user $before inotify instances and could not be told to give 40,000: an idle session of Dovecot that gets none looks for new mail now and then"
  echo "$note." >&2
}
