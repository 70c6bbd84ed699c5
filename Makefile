# `make demo` scores the demonstration, `make test` runs the tests; both build first. See README.md.

SWIFT ?= swift
# What is tested is what ships: one optimised build serves the programs and the tests.
FLAGS ?= -c release
TEST_FLAGS ?= --disable-testable-imports
PYTHON ?= python3
# Part of every score's identity; see Package.swift.
export MOLT_REVISION := $(shell git rev-parse HEAD 2>/dev/null || echo unknown)$(shell test -z "$$(git status --porcelain 2>/dev/null)" || echo +)
BIN = $(shell $(SWIFT) build $(FLAGS) --show-bin-path)
OURS = Package.swift Sources Tests

.PHONY: all setup build demo test cuda cuda-on-host cuda-check bench bench-cluster bench-peers bench-scoring-peers \
	bench-scoring-harness fuzz simulate chaos slurm containers kubernetes sanitize browser pictures load slowdown \
	api-fuzz operators lint format protocol clean

all: build

setup:
	./setup.sh

build:
	$(SWIFT) build $(FLAGS)

demo: build
	@test -e jobs/models/tiny/config.json || $(BIN)/coord make-model --shape tiny --seed 1 --output jobs/models/tiny
	$(BIN)/coord run jobs/quick.yaml --workers 2

test: build cuda-on-host
	$(SWIFT) test $(FLAGS) $(TEST_FLAGS)

# The library of CUDA kernels, for sm_80 and sm_90 (or ARCHITECTURES="89"); without nvcc, PyPI's is installed: 1.1 GB.
cuda:
	Sources/CUDAKernels/build.sh

# The same kernels compiled for this machine, on which the tests run.
cuda-on-host:
	Sources/CUDAKernels/build.sh --host

# Where a GPU is: its kernels against the host's, compute-sanitizer, and how fast they are.
cuda-check:
	Tests/CUDA/check.sh $(ARGUMENTS)

# Every bar of speed and memory with what this machine reaches; ARGUMENTS="--write" makes docs/benchmarks.md of it, and
# "--parts cluster,faults" measures these alone. PYTHON is an interpreter that has the peers.
bench: build
	$(PYTHON) Tests/Bars/bars.py --bin $(BIN) $(ARGUMENTS)

# Options in ARGUMENTS, such as `make bench-cluster ARGUMENTS="--parts jobs --json"`.
bench-cluster: build
	python3 Tests/ClusterBench/bench.py --bin $(BIN) $(ARGUMENTS)

# dask.distributed and Celery for `make bench-cluster` to be compared with; Celery also needs redis-server.
bench-peers:
	python3 -m venv .build/bench-peers
	.build/bench-peers/bin/pip install dask distributed celery redis

# The worker beside transformers and llama.cpp, where PYTHON has them: such as ARGUMENTS="--model DIR --precision bf16".
bench-scoring-peers: build
	$(PYTHON) Tests/ScoringBench/peers.py --worker $(BIN)/worker $(ARGUMENTS)

# The six benchmarks end to end beside lm-evaluation-harness, where PYTHON has it and transformers.
bench-scoring-harness: build
	$(PYTHON) Tests/ScoringBench/harness.py --coord $(BIN)/coord $(ARGUMENTS)

# The frame decoder under hostile bytes: number of cases and seed.
fuzz: build
	$(BIN)/wire-fuzz $(or $(ARGUMENTS),10000000 1)

# Molt on a real Slurm, in images, and as Kubernetes' pods; as root, each needs its tools: see Tests/Slurm and so on.
slurm: build
	python3 Tests/Slurm/slurm.py --bin $(BIN) $(ARGUMENTS)

containers: build
	python3 Tests/Containers/containers.py --bin $(BIN) $(ARGUMENTS)

kubernetes: build
	python3 Tests/Kubernetes/kubernetes.py --bin $(BIN) $(ARGUMENTS)

# Every kernel over edge shapes, under AddressSanitizer and UndefinedBehaviorSanitizer.
sanitize:
	@mkdir -p .build
	clang -std=gnu11 -gline-tables-only -O1 -ffp-contract=off -Wall -Wextra -Werror -fsanitize=address,undefined \
		-fno-sanitize-recover=all -mllvm -asan-instrumentation-with-call-threshold=0 -fuse-ld=lld \
		-ISources/CKernels/include Sources/CKernels/*.c Tests/Sanitize/edges.c -lm -o .build/edges
	.build/edges

# Whole clusters in simulated time, with every fault: such as ARGUMENTS="--seeds 100000", or "--fuzz 10000000".
simulate: build
	$(BIN)/simulate $(or $(ARGUMENTS),--seeds 20000)

# Kills, stops, cuts off and starves a real cluster for some minutes; as root also its network and disk.
chaos: build
	python3 Tests/Chaos/chaos.py --bin $(BIN) $(ARGUMENTS)

# The dashboard in headless Chromium (apt-get install chromium); ARGUMENTS="--shots DIR" keeps pictures.
browser: build
	@test -x .build/browser/bin/python || \
		(python3 -m venv .build/browser && .build/browser/bin/pip install --quiet playwright)
	.build/browser/bin/python Tests/Browser/look.py --bin $(BIN) $(ARGUMENTS)

# README's pictures, of a real run in the same browser.
pictures: build
	@test -x .build/browser/bin/python || \
		(python3 -m venv .build/browser && .build/browser/bin/pip install --quiet playwright)
	.build/browser/bin/python Tests/Browser/pictures.py --bin $(BIN) $(ARGUMENTS)

# A thousand viewers and 200 requests a second on a dashboard over five million rows, and beside a run that proceeds.
load: build
	python3 Tests/Browser/load.py --bin $(BIN) $(ARGUMENTS)

slowdown: build
	python3 Tests/Browser/slowdown.py --bin $(BIN) $(ARGUMENTS)

# schemathesis on the JSON interface; such as ARGUMENTS="--max-examples 2000 --seed 7".
api-fuzz: build
	@test -x .build/api-fuzz/bin/schemathesis || \
		(python3 -m venv .build/api-fuzz && .build/api-fuzz/bin/pip install --quiet schemathesis)
	python3 Tests/Browser/fuzz.py --bin $(BIN) --schemathesis .build/api-fuzz/bin/schemathesis $(ARGUMENTS)

# What operators load into Prometheus and Grafana (apt-get install prometheus); Grafana's types where they install.
operators:
	promtool check rules cluster/prometheus/alerts.yml cluster/prometheus/recording.yml
	promtool test rules cluster/prometheus/tests.yml
	python3 cluster/check.py $(ARGUMENTS)
	@test -e .build/operators/ready || (python3 -m venv .build/operators && .build/operators/bin/pip install --quiet \
		grafana-foundation-sdk promql-parser && touch .build/operators/ready) || true
	@test ! -e .build/operators/ready || .build/operators/bin/python cluster/grafana/roundtrip.py

lint:
	$(SWIFT) format lint --strict --parallel --recursive $(OURS)

format:
	$(SWIFT) format --in-place --parallel --recursive $(OURS)

# Regenerates the wire types; needs protoc and protoc-gen-swift (built from swift-protobuf) on the PATH.
protocol:
	cd Sources/Wire && protoc --swift_opt=Visibility=Public --swift_out=. molt.proto

clean:
	$(SWIFT) package clean
