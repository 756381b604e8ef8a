#!/bin/sh
# Installs what is missing to build (and, with `check`, to test) adele.
# Usage: tools/deps.sh [build|check|doc|lint]...
# Looks for the headers and programs themselves, so nothing is asked of apt
# when they are there, however they came.
set -u
CC=${CC:-cc}
missing=

header() { # header package [include-flags]
    printf '#include <stdio.h>\n#include <%s>\n' "$1" |
        "$CC" ${3:-} -E -x c - >/dev/null 2>&1 || missing="$missing $2"
}
program() { command -v "$1" >/dev/null 2>&1 || missing="$missing $2"; }

program "$CC" gcc
program make make
program pkg-config pkg-config
if command -v pkg-config >/dev/null 2>&1; then
    blas=$(pkg-config --cflags openblas 2>/dev/null) || missing="$missing libopenblas-pthread-dev"
    hdf5=$(pkg-config --cflags hdf5 2>/dev/null) || missing="$missing libhdf5-dev"
else
    missing="$missing libopenblas-pthread-dev libhdf5-dev"
fi
header lapacke.h liblapacke-dev "${blas:-}"
header gsl/gsl_errno.h libgsl-dev
header yaml.h libyaml-dev
header fftw3.h libfftw3-dev
header Random123/philox.h librandom123-dev
header png.h libpng-dev
header zlib.h zlib1g-dev
header readline/readline.h libreadline-dev
for what in "$@"; do
    case $what in
    check)
        printf '#include <stdarg.h>\n#include <stddef.h>\n#include <setjmp.h>\n#include <stdint.h>\n#include <cmocka.h>\n' |
            "$CC" -E -x c - >/dev/null 2>&1 || missing="$missing libcmocka-dev" ;;
    doc) program pandoc pandoc ;;
    lint) program clang-tidy clang-tidy; program cppcheck cppcheck
          program clang-format clang-format ;;
    esac
done
[ -z "$missing" ] && exit 0

install="apt-get install -y --no-install-recommends$missing"
if ! command -v apt-get >/dev/null 2>&1; then
    echo "adele needs these packages (Debian names), please install them:$missing" >&2
    exit 1
fi
if [ "$(id -u)" = 0 ]; then sudo=
elif command -v sudo >/dev/null 2>&1; then sudo=sudo
else
    echo "adele needs packages; please run as root:" >&2
    echo "  apt-get update && $install" >&2
    exit 1
fi
echo "Installing:$missing"
export DEBIAN_FRONTEND=noninteractive
$sudo apt-get update -q >/dev/null && $sudo env DEBIAN_FRONTEND=noninteractive $install
