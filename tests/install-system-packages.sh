#!/usr/bin/env bash
# Installs the system packages the tests use, where it may (root or sudo on Debian or Ubuntu); else lists what is missing and why.
set -euo pipefail

missing=()
need() { # need PACKAGE WHY TEST...
  local package=$1 why=$2; shift 2
  if ! "$@" >/dev/null 2>&1; then missing+=("$package"); reasons+=("$package: $why"); fi
}
reasons=()
need postgresql "the warehouse tests run on a real PostgreSQL server" bash -c 'command -v initdb || ls /usr/lib/postgresql/*/bin/initdb'
need chromium "the dashboard and report tests drive a real browser" test -x /usr/bin/chromium
need fonts-dejavu-core "pages need a font to be drawn with" bash -c 'ls /usr/share/fonts/truetype/dejavu/DejaVuSans.ttf'
[ ${#missing[@]} -eq 0 ] && exit 0

if [ "$(id -u)" = 0 ]; then as_root=(); elif sudo -n true 2>/dev/null; then as_root=(sudo -n); else as_root=(none); fi
if [ "${as_root[0]:-}" != none ] && command -v apt-get >/dev/null; then
  echo "Installing ${missing[*]}" >&2
  export DEBIAN_FRONTEND=noninteractive
  "${as_root[@]}" apt-get update -qq
  "${as_root[@]}" apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
  exit 0
fi
{
  echo "The tests need system packages that only an administrator can install:"
  printf '  %s\n' "${reasons[@]}"
  echo "On Debian or Ubuntu: sudo apt-get install ${missing[*]}"
} >&2
exit 1
