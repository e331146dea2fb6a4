#!/bin/sh
# RUN --mount=type=bind,source=packages,target=/packages /packages/install: installs the Debian packages that set-up has put beside this
# file, without a network, and leaves nothing that would differ from one build to the next.
set -eu
export DEBIAN_FRONTEND=noninteractive PYTHONHASHSEED=0 PERL_HASH_SEED=0
apt-get -qq -o Dpkg::Options::=--force-unsafe-io -o Dpkg::Options::=--force-confold -o Dpkg::Use-Pty=0 install -y --no-install-recommends "$@" /packages/*.deb
rm -rf /var/lib/apt/lists/* /var/cache/apt/* /var/cache/ldconfig/aux-cache /var/cache/debconf/*-old /var/lib/dpkg/*-old /var/lib/systemd /etc/*- /etc/.pwd.lock
find /var/log -type f -delete
mkdir -p /var/cache/apt/archives/partial
