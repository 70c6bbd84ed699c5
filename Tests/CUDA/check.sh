#!/usr/bin/env bash
# Everything there is to check on a machine with a GPU: builds the kernels for it and for the host, holds one to the
# other, runs compute-sanitizer where it is, then measures. Needs g++ and nvcc (see build.sh), not Swift; where Swift
# is, `make test` afterwards runs the conformance tests on the GPU as well. Tables go to the file in $1, if given. With
# PREBUILT=1 the libraries are taken as they are.
set -euo pipefail
cd "$(dirname "$0")/../.."
out=.build/cuda-check
mkdir -p $out

command -v nvidia-smi >/dev/null && nvidia-smi --query-gpu=name,driver_version,memory.total --format=csv
if [ -z "${PREBUILT:-}" ]; then
    Sources/CUDAKernels/build.sh --host
    Sources/CUDAKernels/build.sh
fi
for program in check speed; do g++ -std=c++17 -O2 -Wall -Wextra Tests/CUDA/$program.cpp -ldl -o $out/$program; done
gpu=.build/cuda/libmolt_cuda.so
host=.build/cuda-on-host/libmolt_cuda_host.so

echo "== the kernels on the GPU equal those on the host"
$out/check $gpu $host
if command -v compute-sanitizer >/dev/null; then
    for tool in memcheck racecheck initcheck synccheck; do
        echo "== compute-sanitizer $tool"
        compute-sanitizer --tool $tool --error-exitcode 1 $out/check $gpu $host | tail -3
    done
else
    echo "== no compute-sanitizer here: memory and races are not checked"
fi
echo "== speed"
$out/speed $gpu | tee "${1:-$out/speed.md}"
