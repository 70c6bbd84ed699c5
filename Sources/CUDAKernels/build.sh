#!/usr/bin/env bash
# Builds libmolt_cuda.so with nvcc into .build/cuda, or with --host libmolt_cuda_host.so with g++ into
# .build/cuda-on-host. nvcc is the one on the PATH, in CUDA_HOME, or from PyPI's packages, which are installed below
# .build/cuda where there is no other.
set -euo pipefail
cd "$(dirname "$0")/../.."

sources=(Sources/CUDAKernels/*.cu)
header_time=$(find Sources/CUDAKernels \( -name '*.h' -o -name '*.cuh' -o -name build.sh \) -printf '%T@\n' |
    sort -n | tail -1)
jobs=${JOBS:-2}

# Compiles what is older than its source or any header: compile OUTPUT_FOLDER COMMAND...
compile() {
    local out=$1 source object
    shift
    mkdir -p "$out"
    for source in "${sources[@]}"; do
        object=$out/$(basename "$source" .cu).o
        if [ "$object" -nt "$source" ] && [ "$(date -r "$object" +%s)" -ge "${header_time%.*}" ]; then continue; fi
        while [ "$(jobs -rp | wc -l)" -ge "$jobs" ]; do wait -n || return 1; done
        "$@" -c "$source" -o "$object" &
    done
    while [ -n "$(jobs -p)" ]; do wait -n || return 1; done
}

if [ "${1:-}" = --host ]; then
    out=.build/cuda-on-host
    # Contraction off, so that the host adds as the device does; this machine's instructions, for it only runs here.
    compile $out "${CXX:-g++}" -x c++ -std=c++17 -O2 -march=native -ffp-contract=off -U_FORTIFY_SOURCE -fPIC \
        -fvisibility=hidden -Wall -Wextra -Werror -Wno-unknown-pragmas
    "${CXX:-g++}" -shared -o $out/libmolt_cuda_host.so $out/*.o
    echo "$out/libmolt_cuda_host.so"
    exit
fi

out=.build/cuda
mkdir -p $out
packages=(nvidia-cuda-nvcc==13.5.37 nvidia-cuda-crt==13.5.37 nvidia-nvvm==13.5.37 nvidia-cuda-runtime==13.5.37
    nvidia-cublas==13.10.0.20 nvidia-cuda-cccl==13.3.5.0.6)
if [ -n "${CUDA_HOME:-}" ]; then
    toolkit=$CUDA_HOME
elif command -v nvcc >/dev/null; then
    toolkit=$(dirname "$(dirname "$(readlink -f "$(command -v nvcc)")")")
else
    python=$out/venv/bin/python
    if ! [ -x $python ] || ! $python -m pip show --quiet nvidia-cublas 2>/dev/null; then
        echo "no nvcc on the PATH or in CUDA_HOME: installing PyPI's into $out/venv (1.1 GB)"
        python3 -m venv $out/venv
        $python -m pip install --quiet "${packages[@]}"
    fi
    toolkit=$(echo $out/venv/lib/python3*/site-packages/nvidia/cu13)
fi
libraries=$toolkit/lib64
[ -d "$libraries" ] || libraries=$toolkit/lib
compiler=$(command -v g++-12 || command -v g++)

architectures=()
for each in ${ARCHITECTURES:-80 90}; do architectures+=(-gencode "arch=compute_$each,code=sm_$each"); done
# What comes after the last compiles for itself when it loads.
architectures+=(-gencode "arch=compute_$each,code=compute_$each")
# Contraction off: what is fused is written so, and the host's build computes the same. The listing of registers is kept
# of every file that is compiled.
status=0
compile $out "$toolkit/bin/nvcc" -x cu -ccbin "$compiler" -std=c++17 -O3 --fmad=false -Xptxas -v \
    -Xcompiler -fPIC,-fvisibility=hidden,-Wall "${architectures[@]}" 2>$out/messages || status=$?
grep -v '^ptxas info\|bytes stack frame' $out/messages >&2 || true
grep '^ptxas info\|bytes stack frame' $out/messages >>$out/registers.txt || true
[ $status = 0 ] || exit $status
"$toolkit/bin/nvcc" -ccbin "$compiler" -shared "${architectures[@]}" -o $out/libmolt_cuda.so $out/*.o \
    -ldl -Xlinker -rpath,"$(readlink -f "$libraries")"
echo "$out/libmolt_cuda.so"
