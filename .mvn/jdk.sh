# Finds a JDK of at least 25 and exports JAVA_HOME and JAVA. Sourced by the scripts at the root.

java_version() { # of the JDK in $1: 25; nothing if there is none
  [ -x "$1/bin/javac" ] && [ -f "$1/release" ] || return 0
  sed -n 's/^JAVA_VERSION="\([0-9]*\).*/\1/p' "$1/release"
}

java_homes() { # the usual places, the likeliest first
  echo "${JAVA_HOME:-}"
  path=$(command -v javac || true)
  [ -z "$path" ] || dirname "$(dirname "$(readlink -f "$path" 2>/dev/null || echo "$path")")"
  ls -d /usr/lib/jvm/* /opt/* "$HOME"/.sdkman/candidates/java/* "$HOME"/.jdks/* 2>/dev/null || true
  [ ! -x /usr/libexec/java_home ] || /usr/libexec/java_home -v 25+ 2>/dev/null || true
}

find_jdk() {
  while IFS= read -r home; do
    version=$(java_version "$home")
    if [ "${version:-0}" -ge 25 ]; then
      export JAVA_HOME="$home" JAVA="$home/bin/java"
      return 0
    fi
  done <<EOF
$(java_homes)
EOF
  cat >&2 <<EOF
Dormouse needs a JDK of version 25 or newer, and none was found in JAVA_HOME, PATH or the usual folders.
  Debian, Ubuntu   apt-get install openjdk-25-jdk-headless, or temurin-25-jdk from https://adoptium.net
  macOS            brew install openjdk@25
  anywhere         https://adoptium.net/temurin/releases/?version=25, then set JAVA_HOME to it
EOF
  return 1
}

find_maven() {
  if ! command -v mvn >/dev/null; then
    echo "Dormouse needs Maven 3.8 or newer as \`mvn\` in PATH: apt-get install maven, or https://maven.apache.org" >&2
    return 1
  fi
}

find_jdk
