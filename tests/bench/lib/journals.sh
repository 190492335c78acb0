# SPDX-License-Identifier: Apache-2.0
# For the benchmarks beside this folder, which source it: journals of `sluice journal synth`, kept
# from run to run, and the configuration of a node that finds its life in one. They set `program`
# and `root`, and read what the functions set.
# shellcheck shell=bash disable=SC2034,SC2154

fail() {
    printf '%s: %s\n' "${0##*/}" "$*" >&2
    exit 2
}

# Without one that was named, the release is built.
need_program() {
    if [ -z "$program" ]; then
        program=$root/build/release/sluice
        (cd "$root" && cmake --preset release && cmake --build --preset release --target sluice --target sluice-signer) >&2
    fi
    [ -x "$program" ] || fail "there is no program $program"
}

# A configuration of the chains that the journal was made for, with a key of their node's own; and
# the same with a transparency log.
write_config() {
    local folder=$1 index name address
    (umask 077 && echo benchmark >"$folder/pass" && printf '11%.0s' {1..32} |
        "$program" key import "$folder/key.json" --passphrase-file "$folder/pass" --json >"$folder/key")
    "$program" key log "$folder/log.key" --origin synth.bench/journal/1 >"$folder/log.public"
    address=$(sed -n 's/.*"address": *"\(0x[0-9a-fA-F]*\)".*/\1/p' "$folder/key")
    {
        printf 'node: {name: synth, data: %s/data, control: %s/control.sock, journal_max: 200 GiB}\n' \
            "$folder" "$folder"
        printf 'signer: {socket: %s/signer/signer.sock}\nchains:\n' "$folder"
        index=0
        for name in alpha beta gamma; do
            printf '  - {name: %s, devnet: true, domain: %d, chain_id: %d, endpoints: ["ws://127.0.0.1:1"], start_block: 1, ' \
                "$name" $((901 + index)) $((31337 + index))
            printf 'mailbox: "0x22222222222222222222222222222222222222%02d", ' "$index"
            printf 'merkle_tree_hook: "0x33333333333333333333333333333333333333%02d", ' "$index"
            printf 'validator_announce: "0x44444444444444444444444444444444444444%02d", ' "$index"
            printf 'relay: true, key: "%s"}\n' "$address"
            index=$((index + 1))
        done
    } >"$folder/node.yaml"
    {
        cat "$folder/node.yaml"
        printf 'log:\n  key: "%s"\n  spawn: true\n  config: %s/log.yaml\n' "$(cat "$folder/log.public")" "$folder"
        printf '  socket: %s/log-signer/log.sock\n  interval: 2 s\n' "$folder"
    } >"$folder/node-log.yaml"
    printf 'socket: %s/log-signer/log.sock\nstate: %s/log-signer\nkey_file: %s/log.key\n' \
        "$folder" "$folder" "$folder" >"$folder/log.yaml"
    {
        printf 'socket: %s/signer/signer.sock\nstate: %s/signer\n' "$folder" "$folder"
        printf 'keys:\n  - {name: relayer, keystore: %s/key.json, passphrase_file: %s/pass, roles: [chain]}\n' \
            "$folder" "$folder"
        printf 'chains:\n  - {name: alpha, domain: 901, chain_id: 31337, gas_limit_max: 3000000, fee_per_gas_max: 200 gwei, '
        printf 'value_max: 0.01 ether, spend_per_hour_max: 50 ether, '
        printf 'allow: [{leg: process, contract: "0x2222222222222222222222222222222222222200"}]}\n'
    } >"$folder/signer.yaml"
}

# FOLDER RECORDS OPEN [KEEP]: made unless it is there; all but KEEP records in its archive.
make_journal() {
    local folder=$1
    if [ -f "$folder/prepared" ]; then
        return
    fi
    rm -rf "$folder"
    mkdir -p "$folder"
    "$program" journal synth "$folder/data" --records "$2" --open "$3" --seed 1 >&2
    if [ "${4:-0}" -gt 0 ]; then
        "$program" journal archive "$folder/data" --keep "$4" >&2
    fi
    write_config "$folder"
    touch "$folder/prepared"
}

rss_anon_kib() {
    awk '/^RssAnon:/ { print $2 }' "/proc/$1/status" 2>/dev/null || true
}

# Its process id is $!; returns when it listens.
start_signer() {
    "$program-signer" --config "$1/signer.yaml" >"$1/signer.log" 2>&1 &
    for _ in {1..100}; do
        [ -S "$1/signer/signer.sock" ] && break
        sleep 0.1
    done
}

# FOLDER CONFIGURATION: starts the node; returns when it is ready, with `started`, `ready` (both in
# nanoseconds), `cpu` (until then, too) and its process id in `node`. What it says goes on in file 7.
start_node() {
    local folder=$1 line
    mkfifo "$folder/said"
    started=$(date +%s%N)
    "$program" run --config "$2" >/dev/null 2>"$folder/said" &
    node=$!
    exec 7<"$folder/said"
    rm "$folder/said"
    ready=
    while IFS= read -r -t 120 line <&7; do
        case $line in *event=ready*)
            ready=$(date +%s%N)
            cpu=$(cut -d' ' -f1 "/proc/$node/schedstat")
            break
            ;;
        esac
        printf '%s\n' "$line" >>"$folder/node.log"
    done
    [ -n "$ready" ] || fail "the node did not become ready: see $folder/node.log"
}

stop_node() {
    kill -TERM "$node"
    cat <&7 >>"$1/node.log"
    exec 7<&-
    wait "$node" || fail "the node did not stop in good order: see $1/node.log"
}

# PID SECONDS: sets `most` to the most anonymous memory (KiB) that the process has until it ends or
# the seconds are over, looked at fifty times a second.
watch_memory() {
    local end=$((SECONDS + $2)) now
    most=0
    while [ "$SECONDS" -lt "$end" ] && now=$(rss_anon_kib "$1") && [ -n "$now" ]; do
        [ "$now" -gt "$most" ] && most=$now
        sleep 0.02
    done
}
