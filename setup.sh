#!/bin/sh
# Installs the Debian packages that Molt builds with; asks for nothing when they are there already.
set -eu

packages="make g++ git pkg-config libzmq3-dev libopenblas-dev libsqlite3-dev libcurl4-openssl-dev"

missing=""
for package in $packages; do
    dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'install ok installed' || missing="$missing $package"
done

if ! command -v swift >/dev/null 2>&1; then
    echo "setup: no 'swift' on the PATH; install Swift 6.2 or newer from https://www.swift.org/install/linux/" >&2
    exit 1
fi

if [ -n "$missing" ]; then
    install="apt-get install -y --no-install-recommends$missing"
    if [ "$(id -u)" = 0 ]; then
        as_root=""
    elif command -v sudo >/dev/null 2>&1; then
        as_root="sudo"
    else
        echo "setup: these packages are missing, and there is no sudo here; have an administrator run:" >&2
        echo "    apt-get update && $install" >&2
        exit 1
    fi
    $as_root apt-get update -qq
    # shellcheck disable=SC2086
    DEBIAN_FRONTEND=noninteractive $as_root $install
fi
echo "setup: all packages are installed"
