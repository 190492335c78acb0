#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# An example client of a running node in shell: reads over HTTP, decides over the control socket.
#
#   client.sh --site HOST:PORT WHAT [TOKEN-FILE]     status, why, messages, plans, health, ...
#   client.sh --control SOCKET ACTION [REASON] [SUBJECT]
#
# Exit codes: 0 done; 1 the node says no; 2 usage; 3 no node is there; 75 it did not answer, and
# whether it took the request is not known.
set -euo pipefail

usage() {
    sed -n '4,10s/^# \{0,1\}//p' "$0" >&2
    exit 2
}

read_site() {
    local headers=() status=0
    # Curl reads it from its standard input: a token is no argument, which everybody could see.
    [ -z "${3:-}" ] || headers=(-H @-)
    { [ -z "${3:-}" ] || printf 'Authorization: Bearer %s\n' "$(cat "$3")"; } |
        curl --silent --show-error --fail --max-time 30 "${headers[@]}" "http://$1/api/$2" || status=$?
    case $status in
    0) printf '\n' ;;
    22) exit 1 ;;
    28) exit 75 ;;
    *) exit 3 ;;
    esac
}

# The count in front of the JSON is four bytes: perl packs and unpacks it.
decide() {
    ACTION=$2 REASON=${3:-} SUBJECT=${4:-} perl -MIO::Socket::UNIX -e '
        sub quoted { my $t = shift; $t =~ s/(["\\])/\\$1/g; $t =~ s/([\x00-\x1f])/sprintf("\\u%04x", ord $1)/ge; "\"$t\"" }
        my $peer = IO::Socket::UNIX->new(Peer => $ARGV[0]) or do { print STDERR "client: no node there: $!\n"; exit 3 };
        my $text = "{\"action\": " . quoted($ENV{ACTION});
        $text .= ", \"reason\": " . quoted($ENV{REASON}) if length $ENV{REASON};
        $text .= ", \"subject\": " . quoted($ENV{SUBJECT}) if length $ENV{SUBJECT};
        $text .= "}";
        local $SIG{ALRM} = sub { print STDERR "client: no answer\n"; exit 75 };
        alarm 30;
        print $peer pack("N", length $text) . $text;
        $peer->flush;
        read($peer, my $head, 4) == 4 or exit 75;
        my $count = unpack("N", $head);
        $count <= 8192 && read($peer, my $answer, $count) == $count or exit 75;
        print "$answer\n";
        exit($answer =~ /^\{\s*"error"/ ? 1 : 0);
    ' "$1"
}

case "${1:-} $#" in
'--site 3' | '--site 4') read_site "${@:2}" ;;
'--control 3' | '--control 4' | '--control 5') decide "${@:2}" ;;
*) usage ;;
esac
