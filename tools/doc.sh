#!/bin/sh
# HTML of the pages under build/doc.  Usage: tools/doc.sh build
set -eu
out=$1/doc
for page in README.md CONTRIBUTING.md $(find doc -name '*.md'); do
    target=$out/${page%.md}.html
    case $page in
    */*) up=$(dirname "$page" | sed 's,[^/][^/]*,..,g')/ ;;
    *) up= ;;
    esac
    mkdir -p "$(dirname "$target")"
    title=$(sed -n 's/^# //p;T;q' "$page")
    sed 's/\(](\([^):]*\)\)\.md\([)#]\)/\1.html\3/g' "$page" |
        pandoc -f gfm -t html5 -s --metadata title="$title" --mathml \
            -V document-css=false -c "${up}doc/style.css" -o "$target"
done
cp -R doc/pictures "$out/doc/" 2>/dev/null || true
cp doc/style.css "$out/doc/"
echo "$out/README.html"
