#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The source of a Debian package, as FOLDER/PACKAGE, fetched once: what apt is configured
# for says where the archive is, everything else that apt writes goes to a folder of our
# own, so that its lists and sources stay as they are. Nothing of it is kept in the tree.
#
#   debian_source.sh PACKAGE FOLDER
#
# Exit code 1 when it cannot be had; then the last line says why.
set -u
export LC_ALL=C
package=$1 folder=$2

give_up() {
    echo "the source of Debian's $package: $1"
    exit 1
}
[ ! -d "$folder/$package" ] || exit 0
[ -z "$(find "$folder/$package.log" -mmin -60 2>/dev/null)" ] ||
    give_up "it could not be had within the last hour ($folder/$package.log)"
command -v apt-get >/dev/null || give_up "there is no apt-get"
command -v dpkg-source >/dev/null || give_up "dpkg-source is not here (apt-get install dpkg-dev)"
mkdir -p "$folder" && exec 9>"$folder/lock" && flock 9 || give_up "$folder cannot be written"
[ ! -d "$folder/$package" ] || exit 0 # another build has fetched it meanwhile

work=$(mktemp -d "$folder/fetching.XXXXXX") || give_up "no temporary folder"
trap 'rm -rf "$work"' EXIT
chmod a+rx "$work"
mkdir -p "$work/lists/partial" "$work/cache"
keys=/usr/share/keyrings/debian-archive-keyring.gpg
[ -r "$keys" ] || give_up "the keys of the archive are not here (apt-get install debian-archive-keyring)"
apt-get indextargets --format '$(ORIGIN)|$(REPO_URI) $(RELEASE) $(COMPONENT)' 'Created-By: Packages' 2>/dev/null |
    sed -n "s,^Debian|,deb-src [signed-by=$keys] ,p" | sort -u >"$work/sources.list"
[ -s "$work/sources.list" ] || give_up "apt knows no archive of Debian (apt-get update)"
apt() {
    timeout 100 apt-get -q -o Dir::Etc::SourceList="$work/sources.list" -o Dir::Etc::SourceParts=- \
        -o Dir::State::Lists="$work/lists" -o Dir::Cache="$work/cache" \
        -o Acquire::http::Timeout=10 -o Acquire::Retries=1 "$@" >>"$folder/$package.log" 2>&1 </dev/null
}
: >"$folder/$package.log"
apt update
(cd "$work" && apt source --download-only "$package") || give_up "apt-get source fails ($folder/$package.log)"
dpkg-source -x "$work/${package}"_*.dsc "$work/tree" >>"$folder/$package.log" 2>&1 ||
    give_up "it cannot be unpacked ($folder/$package.log)"
mv "$work/tree" "$folder/$package"
