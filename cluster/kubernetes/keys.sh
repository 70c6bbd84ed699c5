#!/bin/sh
# keys.sh NUMBER [NAMESPACE]: makes the coordinator's key and those of workers molt-worker-0 to -(NUMBER - 1) in the
# folder MOLT_KEYS (./keys), where they are missing, and prints them as secrets:
#
#     cluster/kubernetes/keys.sh 8 | kubectl apply -f -
#
# Keep the folder as you keep secrets; it has your client's key too. Run again with a larger number for more workers; the
# coordinator sees them about a minute later.
set -eu
umask 077
number=$1 namespace=${2:-molt}
MOLT_KEYS=${MOLT_KEYS:-keys}
export MOLT_KEYS

coord keygen >&2
files=
i=0
while [ "$i" -lt "$number" ]; do
    name=molt-worker-$i
    [ -f "$MOLT_KEYS/$name" ] || coord keygen "$name" >&2
    files="$files --from-file=$MOLT_KEYS/$name"
    i=$((i + 1))
done

secret() {
    kubectl create secret generic --namespace "$namespace" --dry-run=client --output yaml "$@"
    echo ---
}
# shellcheck disable=SC2086
secret molt-worker-keys --from-file="$MOLT_KEYS/coordinator.pub" $files
secret molt-coordinator-keys --from-file="$MOLT_KEYS/coordinator" --from-file="$MOLT_KEYS/coordinator.pub" \
    --from-file="$MOLT_KEYS/client" --from-file="$MOLT_KEYS/client.pub" --from-file="$MOLT_KEYS/worker" \
    --from-file="$MOLT_KEYS/worker.pub" --from-file="$MOLT_KEYS/authorized_keys"
