#!/usr/bin/env bash
# Everything there is to check on a machine with a GPU: builds the kernels for it and for the host, holds one to the
# other, runs compute-sanitizer where it is, then measures. Needs g++ and nvcc (see build.sh), not Swift. Where Molt is
# built, `make test` afterwards runs the conformance tests on the GPU as well, and this measures the models in MODELS,
# with random weights, and the paper's efficiency jobs. Tables go to the file in $1, if given. With PREBUILT=1 the
# libraries are taken as they are.
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
tables=${1:-$out/speed.md}

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
echo "== speed of operations"
$out/speed $gpu | tee "$tables"

bin=.build/release
[ -x $bin/worker ] || {
    echo "== no built worker: whole models are not measured"
    exit
}
# measure OPTIONS...: with and without the paper's reductions.
measure() {
    local reductions=()
    for share in 0.1 0.2 0.3; do reductions+=(--reduction "{\"method\":\"utrc\",\"flops\":$share}"); done
    $bin/worker bench --backend cuda --model "$model" --repeat 3 "${reductions[@]}" "$@" 2>&1 | tee -a "$tables"
}
for name in ${MODELS:-mamba-1.4b mamba-2.8b mamba2-1.3b mamba2-2.7b}; do
    model=$out/models/$name
    echo "== $name, random weights" | tee -a "$tables"
    [ -e "$model/config.json" ] || $bin/coord make-model --shape "$name" --seed 1 --precision bf16 --output "$model"
    measure --shapes 1x2048,8x2048 --precision bf16
    measure --shapes 8x2048 --precision fp16
    measure --shapes 8x2048 --precision fp32
    measure --shapes 16x2048 --generate 100 --precision bf16
done
for job in jobs/paper-memory.yaml jobs/paper-throughput.yaml; do
    [ -e $job ] || continue
    echo "== $job"
    $bin/coord run $job --workers 1 --backend cuda | tee -a "$tables"
done
