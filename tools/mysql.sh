#!/bin/bash
# Unpacks genuine MySQL from Debian's suite sid into a folder, beside the system: its packages need newer libraries than
# the stable suites have, so they run by their own loader, and nothing of them is installed. Where sid has none any more,
# it says so and fails.
set -euo pipefail

into=${1:?usage: mysql.sh FOLDER}
[ ! -x "$into/usr/sbin/mysqld" ] || exit 0
command -v apt-get >/dev/null || { echo "genuine MySQL is fetched from Debian's packages, which are not to be had here" >&2; exit 1; }

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p "$work"/{sources,state/lists/partial,cache/archives/partial,root}
: >"$work/state/status"
# the machine's own mirror and key; only the suite is another one
sed -n '1,/^$/p' /etc/apt/sources.list.d/debian.sources | sed 's/^Suites:.*/Suites: sid/' >"$work/sources/sid.sources"
apt=(apt-get -qq -o Dir::Etc::sourcelist=/dev/null -o Dir::Etc::sourceparts="$work/sources" -o Dir::State="$work/state"
	-o Dir::State::status="$work/state/status" -o Dir::Cache="$work/cache" -o APT::Sandbox::User=root -o Acquire::Languages=none)

"${apt[@]}" update
"${apt[@]}" --yes --no-install-recommends --download-only install mysql-server-core >/dev/null ||
	{ echo "Debian sid has no mysql-server-core now: genuine MySQL is not to be had" >&2; exit 1; }
for package in "$work"/cache/archives/*.deb; do
	case ${package##*/} in
	perl* | libperl* | libgdbm* | libdb5* | debconf*) ;; # scripts that are not run
	*) dpkg -x "$package" "$work/root" ;;
	esac
done
mkdir -p "$(dirname "$into")"
rm -rf "$into"
mv "$work/root" "$into"
