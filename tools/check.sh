#!/bin/sh
# Runs all tests that stand built in the folder O and adds them up.
# Usage: tools/check.sh O [part of a test's name]
#   O/tests/test_*   programs that print TAP; test_cases once for each file of
#                    tests/cases
#   tests/*.sh       scripts that print TAP
# ADELE_JOBS (default 2) run at a time.  The last line is
# "N passed, M failed[, K skipped]"; the status is 1 when something failed or
# nothing ran.
set -u

# One test: output to $DIR/NAME.out, counts to $DIR/NAME.count, a line printed.
one() {
    name=$1
    out=$DIR/$(echo "$name" | tr '/ ' '__').out
    case $name in
    *.yaml) set -- "$O/tests/test_cases" "$name" ;;
    *.sh) set -- sh "$name" "$O" ;;
    *) set -- "$name" ;;
    esac
    begin=$(date +%s)
    timeout -k 10 "$LIMIT" "$@" >"$out" 2>"$out.err" </dev/null
    status=$?
    seconds=$(($(date +%s) - begin))
    plan=$(sed -n 's/^1\.\.\([0-9][0-9]*\).*/\1/p' "$out" | tail -n 1)
    failed=$(grep -c '^not ok' "$out")
    skipped=$(grep -c '^ok .*# *[Ss][Kk][Ii][Pp]' "$out")
    passed=$(($(grep -c '^ok ' "$out") - skipped))
    problem=
    if [ $status -eq 124 ] || [ $status -eq 137 ]; then
        problem="did not end within $LIMIT s"
    elif [ -z "$plan" ]; then
        problem="ended with status $status and printed no test plan"
    elif [ $((passed + failed + skipped)) -ne "$plan" ]; then
        problem="ended with status $status after $((passed + failed + skipped)) of $plan tests"
    elif [ $status -ne 0 ] && [ "$failed" -eq 0 ]; then
        problem="ended with status $status although no test failed"
    fi
    [ -n "$problem" ] && failed=$((failed + 1))
    echo "$passed $failed $skipped" >"${out%.out}.count"
    label=${name#"$O"/tests/}
    if [ "$failed" -eq 0 ]; then
        note=
        [ "$skipped" -gt 0 ] && note=", $skipped skipped"
        printf '%-44s %4d passed%s (%d s)\n' "$label" "$passed" "$note" $seconds
        return
    fi
    {
        printf '%-44s %4d passed, %d FAILED (%d s)\n' "$label" "$passed" \
            "$failed" $seconds
        [ -n "$problem" ] && echo "    $problem"
        # A failed test, the comments around it, and what went to stderr.
        grep -v -e '^ok ' -e '^1\.\.' "$out" | head -n 60 | sed 's/^/    /'
        head -n 60 "$out.err" | sed 's/^/    /'
    } >"$out.report"
    cat "$out.report"
}

if [ "${1:-}" = --one ]; then
    shift
    one "$1"
    exit 0
fi

O=${1:?usage: tools/check.sh O [part of a name]}
part=${2:-}
DIR=$(mktemp -d) || exit 1
trap 'rm -rf "$DIR"' EXIT
trap 'exit 130' INT TERM
LIMIT=${ADELE_TEST_LIMIT:-900}
# Absolute, since some tests run in folders of their own.
ADELE=$(cd "$O" && pwd)/adele
OMP_NUM_THREADS=${OMP_NUM_THREADS:-2}
OMP_WAIT_POLICY=${OMP_WAIT_POLICY:-passive}
# Beside other tests the threads of a dense solve wait for each other.
OPENBLAS_NUM_THREADS=${OPENBLAS_NUM_THREADS:-1}
CMOCKA_MESSAGE_OUTPUT=TAP
# A sanitized program is several times slower.
case $O in */san) ADELE_TIME_SCALE=${ADELE_TIME_SCALE:-5} ;; esac
: "${ADELE_TIME_SCALE:=1}"
export O DIR LIMIT ADELE OMP_NUM_THREADS OMP_WAIT_POLICY \
    OPENBLAS_NUM_THREADS \
    CMOCKA_MESSAGE_OUTPUT ADELE_TIME_SCALE

for t in tests/*.sh "$O"/tests/test_* tests/cases/*.yaml; do
    case $t in
    "$O"/tests/test_cases | *.d) continue ;;
    tests/*) [ -f "$t" ] || continue ;;
    *) # a program whose source is gone is not a test
        [ -x "$t" ] && [ -f "tests/unit/${t##*/}.c" ] || continue ;;
    esac
    case $t in *"$part"*) printf '%s\0' "$t" ;; esac
done | xargs -r -0 -n 1 -P "${ADELE_JOBS:-2}" sh "$0" --one

# Everything that failed, once more together.
reports=$(cat "$DIR"/*.report 2>/dev/null)
[ -n "$reports" ] && printf '\nFailures:\n%s\n' "$reports"
counts=$(cat "$DIR"/*.count 2>/dev/null |
    awk '{p += $1; f += $2; s += $3} END {print p + 0, f + 0, s + 0}')
set -- $counts
line="$1 passed, $2 failed"
[ "$3" -gt 0 ] && line="$line, $3 skipped"
echo "$line"
[ "$2" -eq 0 ] && [ $(($1 + $2)) -gt 0 ]
