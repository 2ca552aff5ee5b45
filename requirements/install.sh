#!/bin/sh
# Run pip so that one sees it at work. A terminal gets its progress bars; elsewhere a line is written for each package of
# 10 MB and more and one for the rest, so that logs stay short. What goes wrong is on standard error either way.
set -eu

if [ -t 1 ]; then
    exec "$@"
fi
status=$(mktemp)
trap 'rm -f "$status"' EXIT
{ "$@" --progress-bar off || echo $? >"$status"; } | awk '
    /^ *(Downloading|Using cached) .*\([0-9][0-9]+\.[0-9]+ MB\)/ { sub(/^ */, "  "); print; fflush() }
    /^Installing collected packages: / { print "  Installing " NF - 3 " packages"; fflush() }
'
code=$(cat "$status")
exit "${code:-0}"
