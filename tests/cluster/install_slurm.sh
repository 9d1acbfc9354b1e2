#!/bin/sh
# What the tests on Slurm need of Debian's packages. Where they cannot be installed, says so and
# leaves it to the tests to skip themselves.
PATH=$PATH:/usr/sbin:/sbin
packages="slurmctld slurmd slurm-client munge"

have_all() {
    for program in slurmctld slurmd sbatch munged; do
        command -v "$program" >/dev/null || return 1
    done
}

install() {
    apt-get install --yes --quiet --no-install-recommends -o DPkg::Lock::Timeout=300 $packages
}

have_all && exit 0
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    export DEBIAN_FRONTEND=noninteractive
    # An old list of packages may name versions that are gone; only then is it fetched anew.
    install >/dev/null 2>&1 || { apt-get update >/dev/null 2>&1 && install >/dev/null 2>&1; }
    have_all && exit 0
fi
echo "The tests on Slurm are skipped: $packages could not be installed here."
echo "To run them, do so as root: apt-get install --no-install-recommends $packages"
