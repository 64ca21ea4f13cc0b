# Installs Debian packages without starting what they bring. Sourced by the scripts at the root.

# missing_packages LIST: the packages of a list of package:program that are not there
missing_packages() {
  for entry in $1; do
    command -v "${entry#*:}" >/dev/null || [ -e "${entry#*:}" ] || echo "${entry%%:*}"
  done
}

# services_of NAME...: what these packages bring
services_of() {
  case " $* " in *" dovecot"*) echo dovecot.service dovecot.socket ;; esac
  case " $* " in *" nginx "*) echo nginx.service ;; esac
  case " $* " in *" haproxy "*) echo haproxy.service ;; esac
  case " $* " in *" perdition "*) echo perdition.service ;; esac
  case " $* " in *" postgresql "*) echo postgresql.service ;; esac
  case " $* " in *" mariadb-server "*) echo mariadb.service ;; esac
  case " $* " in *" slapd "*) echo slapd.service ;; esac
  case " $* " in *" prometheus-blackbox-exporter "*) echo prometheus-blackbox-exporter.service ;; esac
  case " $* " in *" redis-server "*) echo redis-server.service ;; esac
}

# absent_services NAME...: those of them that are not there yet; one that is may serve, and is nobody's but the operator's
absent_services() {
  for service in $(services_of "$@"); do
    systemctl cat "$service" >/dev/null 2>&1 || echo "$service"
  done
}

# install_packages NAME...: their services are neither started now nor by the next boot
install_packages() {
  export DEBIAN_FRONTEND=noninteractive
  services=
  [ ! -d /run/systemd/system ] || services=$(absent_services "$@" | xargs)
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
  if [ -n "$services" ]; then
    # shellcheck disable=SC2086 # a list
    systemctl disable --now $services >/dev/null 2>&1 || true
  fi
}
