# Installs Debian packages without starting what they bring. Sourced by the scripts at the root.

# missing_packages LIST: the packages of a list of package:program that are not there
missing_packages() {
  for entry in $1; do
    command -v "${entry#*:}" >/dev/null || [ -e "${entry#*:}" ] || echo "${entry%%:*}"
  done
}

# install_packages NAME...: their services are neither started now nor by the next boot
install_packages() {
  export DEBIAN_FRONTEND=noninteractive
  guard=/usr/sbin/policy-rc.d
  if [ ! -e "$guard" ]; then
    printf '#!/bin/sh\nexit 101\n' >"$guard"
    chmod +x "$guard"
    guard_made=1
    trap 'rm -f "$guard"' EXIT
  fi
  apt-get update -qq
  apt-get install -y -qq --no-install-recommends "$@" >/dev/null
  if [ -n "${guard_made:-}" ]; then
    rm -f "$guard"
    trap - EXIT
  fi
  case " $* " in *" perdition "*) update-rc.d perdition disable >/dev/null 2>&1 || true ;; esac
  if [ -d /run/systemd/system ]; then
    case " $* " in *" dovecot"*) services="dovecot.service dovecot.socket" ;; *) services= ;; esac
    case " $* " in *" nginx "*) services="$services nginx.service" ;; esac
    case " $* " in *" haproxy "*) services="$services haproxy.service" ;; esac
    case " $* " in *" perdition "*) services="$services perdition.service" ;; esac
    case " $* " in *" postgresql "*) services="$services postgresql.service" ;; esac
    case " $* " in *" mariadb-server "*) services="$services mariadb.service" ;; esac
    case " $* " in *" slapd "*) services="$services slapd.service" ;; esac
    case " $* " in *" prometheus-blackbox-exporter "*) services="$services prometheus-blackbox-exporter.service" ;; esac
    case " $* " in *" redis-server "*) services="$services redis-server.service" ;; esac
    # shellcheck disable=SC2086 # a list
    [ -z "$services" ] || systemctl disable --now $services >/dev/null 2>&1 || true
  fi
}
