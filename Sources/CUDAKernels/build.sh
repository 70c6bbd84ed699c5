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
# What decides a result's bits beside the architecture: the sources and what compiles them.
sources_hash=$(cat Sources/CUDAKernels/*.{cu,cuh,h} | sha256sum | head -c 8)

# Compiles what is older than its source or any header; what the compiler said is kept beside each object.
compile() {
    local source object
    for source in "${sources[@]}"; do
        object=$out/$(basename "$source" .cu).o
        if [ "$object" -nt "$source" ] && [ "$(date -r "$object" +%s)" -ge "${header_time%.*}" ]; then continue; fi
        while [ "$(jobs -rp | wc -l)" -ge "$jobs" ]; do wait -n || return 1; done
        { "$@" -c "$source" -o "$object" 2>"${object%.o}.messages" || { rm -f "$object"; exit 1; }; } &
    done
    while [ -n "$(jobs -p)" ]; do wait -n || return 1; done
}

# Sets `build`, and has it compiled in.
name_build() {
    build=$1-$sources_hash
    mkdir -p $out
    [ "$(cat $out/build 2>/dev/null)" = "$build" ] || rm -f $out/device.o
    echo "$build" >$out/build
}

if [ "${1:-}" = --host ]; then
    out=.build/cuda-on-host
    # Contraction off, so that the host adds as the device does; this machine's instructions, for it only runs here.
    name_build "g++-$("${CXX:-g++}" -dumpfullversion)"
    compile "${CXX:-g++}" -x c++ -std=c++17 -O2 -march=native -ffp-contract=off -U_FORTIFY_SOURCE -fPIC \
        -fvisibility=hidden -Wall -Wextra -Werror -Wno-unknown-pragmas -DMOLT_KERNELS="\"$build\"" || {
        cat $out/*.messages >&2
        exit 1
    }
    "${CXX:-g++}" -shared -Wl,-z,defs -o $out/libmolt_cuda_host.so $out/*.o
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
        python3 -m venv $out/venv && $python -m pip install --quiet "${packages[@]}" || {
            echo "PyPI's nvcc and cuBLASLt cannot be installed (needs python3-venv and the network);" \
                "or install CUDA 12 or 13 and set CUDA_HOME" >&2
            exit 1
        }
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
# Contraction off: what is fused is written so, and the host's build computes the same.
name_build "nvcc-$("$toolkit/bin/nvcc" --version | sed -n 's/.*release \([0-9.]*\),.*/\1/p')"
status=0
compile "$toolkit/bin/nvcc" -x cu -ccbin "$compiler" -std=c++17 -O3 --fmad=false -Xptxas -v \
    -Xcompiler -fPIC,-fvisibility=hidden,-Wall -DMOLT_KERNELS="\"$build\"" "${architectures[@]}" || status=$?
about_registers='^ptxas info|bytes stack frame'
cat $out/*.messages | grep -Ev "$about_registers" >&2 || true
[ $status = 0 ] || exit $status
# The registers of every kernel; none may spill them to memory.
cat $out/*.messages | grep -E "$about_registers" >$out/registers.txt || true
if grep -B2 -E '[1-9][0-9]* bytes (stack frame|spill)' $out/registers.txt >&2; then
    echo "a kernel keeps registers in memory" >&2
    exit 1
fi
"$toolkit/bin/nvcc" -ccbin "$compiler" -shared "${architectures[@]}" -o $out/libmolt_cuda.so $out/*.o \
    -ldl -Xlinker -z,defs -Xlinker -rpath,"$(readlink -f "$libraries")"
echo "$out/libmolt_cuda.so"
