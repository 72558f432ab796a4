# Everything here can be run by hand: each recipe is a few plain commands.
#
#   make test PRESET=asan-ubsan           presets: dev release asan-ubsan tsan coverage tidy fuzz (CMakePresets.json)
#   make bench JOB=linear BENCH="--rounds 3"   jobs and flags of bench/run.py (bench/README.md)

PRESET ?= release
JOB ?= recommender
# The rivals of the columns need another NumPy than TensorFlow does.
RIVALS = bench$(if $(filter columns,$(JOB)),-columns)

.DEFAULT_GOAL := help
.PHONY: help demo test build bench format lint clean

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-13s %s\n", $$1, $$2 }' Makefile

demo: ## movies from data to recommendations, in build/demo
	@setup/install.sh
	@test -f build/release/build.ninja || cmake --preset release -DKIN_BUILD_TESTS=OFF
	@cmake --build --preset release --target kin
	@examples/movies/demo.sh build/release/kin build/demo

test: build ## build and run every test (PRESET=release)
	@ctest --preset $(PRESET)

build: ## set-up and build (PRESET=release)
	@setup/install.sh tests
	@cmake --preset $(PRESET)
	@cmake --build --preset $(PRESET)

bench: ## speed beside the rivals, installed into build/venv-bench: JOB=recommender columns wide-deep linear ranking products start-up
	@setup/install.sh $(RIVALS)
	@cmake --preset bench
	@cmake --build --preset bench
	@build/venv-$(RIVALS)/bin/python -B bench/run.py $(JOB) $(BENCH)

format: ## clang-format every C++ file
	@setup/install.sh tools
	@git ls-files -co --exclude-standard '*.h' '*.cc' | xargs clang-format-14 -i

lint: ## clang-tidy and the checks of layers and links
	@setup/install.sh tools
	@scripts/check_layers.py
	@scripts/check_docs.py
	@cmake --preset tidy
	@cmake --build --preset tidy

clean: ## remove everything that was built, downloaded or trained
	rm -rf build
