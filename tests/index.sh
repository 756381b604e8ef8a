#!/bin/sh
# doc/index.md lists every page, and every link between pages leads somewhere.
# Prints TAP.
cd "$(dirname "$0")/.." || exit 1
echo "1..2"
if sh tools/index.sh | cmp -s - doc/index.md; then
    echo "ok 1 - doc/index.md is up to date"
else
    echo "not ok 1 - doc/index.md is up to date"
    echo "# run: sh tools/index.sh >doc/index.md"
fi
dead=$(for page in README.md CONTRIBUTING.md $(find doc -name '*.md'); do
    folder=$(dirname "$page")
    grep -o '](\([^):# ]*\)' "$page" | sed 's/^](//' | sort -u |
        while read -r link; do
            [ -z "$link" ] || [ -e "$folder/$link" ] || echo "# $page: $link"
        done
done)
if [ -z "$dead" ]; then
    echo "ok 2 - links lead somewhere"
else
    echo "not ok 2 - links lead somewhere"
    echo "$dead"
fi
