#!/bin/sh
# Checks style and looks for mistakes: clang-format, clang-tidy, cppcheck.
# Usage: tools/lint.sh [FILE.c ..]   (default: all of src, tests)
# Ends with status 1 if one of them complains.
set -u
cd "$(dirname "$0")/.." || exit 1
jobs=${ADELE_JOBS:-2}
if [ $# -eq 0 ]; then
    set -- $(find src tests -name '*.c' | sort)

fi
flags="-std=gnu11 -fopenmp -Isrc -Itests/lib -DADELE_VERSION=\"lint\" -DADELE_PREFIX=\"/usr/local\" -DADELE_COMMIT=\"lint\"
    $(pkg-config --cflags openblas hdf5)"
bad=0

echo "clang-format .."
clang-format --dry-run --Werror "$@" || bad=1

# The analyser does not know that a failed assertion leaves a test.
echo "clang-tidy .."
for file in "$@"; do
    case $file in
    tests/*) checks=-clang-analyzer-core.*,-clang-analyzer-unix.Malloc,-bugprone-integer-division,-bugprone-suspicious-memory-comparison ;;
    *) checks= ;;
    esac
    printf '%s\0%s\0' "$file" "$checks"
done | xargs -0 -n 2 -P "$jobs" sh -c \
    'clang-tidy --quiet --checks="$3" "$2" -- $1 2>/dev/null' - "$flags" || bad=1

# Style only where a reader would agree; the rest are the false alarms that a
# table of functions and an allocator of one's own give.
echo "cppcheck .."
cppcheck --quiet --std=c11 --language=c --enable=warning,performance,portability \
    --inline-suppr --error-exitcode=1 -j "$jobs" -Isrc -Itests/lib \
    --suppress=missingIncludeSystem --suppress=internalAstError \
    --suppress=preprocessorErrorDirective \
    -DADELE_VERSION='"lint"' -DADELE_PREFIX='"/usr/local"' "$@" || bad=1

[ $bad -eq 0 ] && echo "lint: nothing to complain about" || echo "lint: see above"
exit $bad
