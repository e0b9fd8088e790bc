#!/usr/bin/env bash
# Builds the pages of docs/ and the reference of the headers into a site: build/site/index.html.
#
# MkDocs and what it needs come from pip into build/venv, Doxygen from the system, else from apt as root.
case ${1:-} in -h | --help) sed -n '2,/^case/{/^case/d;s/^# \{0,1\}//;p}' "$0" && exit ;; esac
source "$(dirname "$0")/setup.sh"

command -v doxygen >/dev/null || from_apt doxygen || { echo "Doxygen is missing:  apt install doxygen" >&2 && exit 1; }
[ -x "$venv/bin/mkdocs" ] && [ -d "$(echo "$venv"/lib/python3*/site-packages/mkdoxy)" ] || from_pip mkdocs-material mkdoxy || {
  echo "MkDocs is missing, and pip could not bring it:  pip install mkdocs-material mkdoxy. Logs: $logs" >&2
  exit 1
}
say "building the site"
NO_MKDOCS_2_WARNING=1 "$venv/bin/mkdocs" build --quiet --strict
say "the site: $PWD/build/site/index.html"
