#!/usr/bin/env bash
# Builds the pages of docs/ and the reference of the headers into a site: build/site/index.html.
#
#   scripts/docs.sh            builds it; a link that leads nowhere is an error
#   scripts/docs.sh --check    then also looks whether every loss has a page that says all there is to say
#
# MkDocs and what it needs come from pip into build/venv, Doxygen from the system, else from apt as root. Where neither brings them the
# exit status is 77.
case ${1:-} in -h | --help) sed -n '2,/^case/{/^case/d;s/^# \{0,1\}//;p}' "$0" && exit ;; esac
source "$(dirname "$0")/setup.sh"

cannot() {
  echo "The site cannot be built here: $*. Logs: $logs" >&2
  exit 77
}

command -v doxygen >/dev/null || from_apt doxygen || cannot "Doxygen is missing:  apt install doxygen"
[ -x "$venv/bin/mkdocs" ] && [ -d "$(echo "$venv"/lib/python3*/site-packages/mkdoxy)" ] || from_pip mkdocs-material mkdoxy ||
  cannot "MkDocs is missing, and pip could not bring it:  pip install mkdocs-material mkdoxy"
say "building the site"
NO_MKDOCS_2_WARNING=1 "$venv/bin/mkdocs" build --quiet --strict
say "the site: $PWD/build/site/index.html"
if [ "${1:-}" = --check ]; then "$venv/bin/python3" docs/check_site.py build/site; fi
