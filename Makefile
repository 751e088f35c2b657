# The commands of this project. `make demo` and `make test` do all the set-up they need; see docs/install.md.

.PHONY: help demo screenshots test test-workstation test-guests docs-guests workstation lint bench bench-check bench-workstation peers setup qemu-10 wlcs guests clean
.DEFAULT_GOAL := help

# The QEMUs that the tests run against, colon-separated: what is installed, and QEMU 10 where `make qemu-10` has put it.
QEMU_10 := .cache/qemu-10/qemu-system-x86_64
WLVM_QEMUS ?= qemu-system-x86_64$(addprefix :,$(abspath $(wildcard $(QEMU_10))))
export WLVM_QEMUS

help:
	@echo 'make demo     virtual machines on one screen'
	@echo 'make test     the tests (PYTEST="-k loader" for some of them)'
	@echo 'make test-workstation  those that need a real screen, in a virtual machine that has one'
	@echo 'make test-guests       those that boot real guests: firmware, GRUB, Linux (docs/guests.md)'
	@echo 'make docs-guests       the table of docs/guests.md, from what they found'
	@echo 'make workstation       that machine, with wlvm on it (docs/workstation.md)'
	@echo 'make lint     ruff and mypy'
	@echo 'make bench    the measurements of docs/performance.md'
	@echo 'make bench BENCH=peers  the comparison of docs/comparison.md; make peers installs what wlvm is compared with'
	@echo 'make bench-check  whether wlvm does more for the same work than was recorded; BENCH=--record records what it does now'
	@echo 'make bench-workstation  flips of dma-bufs, on a screen with a vertical blank'
	@echo 'make screenshots  docs/screenshots, anew'
	@echo 'make setup    what the two first ones do first: packages, virtual environment, dependencies'
	@echo 'make qemu-10  on Debian 12: QEMU 10 beside the installed one, for the tests'
	@echo 'make wlcs     on Debian 12: the Wayland conformance test suite (docs/conformance.md)'
	@echo 'make clean    remove what was built here'

demo:
	@scripts/setup run
	.venv/bin/wlvm demo

test: setup
	.venv/bin/python -m pytest -n auto --maxprocesses 4 --dist worksteal $(PYTEST)

test-workstation: setup
	@scripts/fetch-qemu11
	@scripts/fetch-mesa
	@scripts/workstation -- env WLVM_QEMUS=$(abspath .cache/qemu-11/qemu-system-x86_64) .venv/bin/python -m pytest tests/workstation -p no:cacheprovider -o faulthandler_timeout=600 $(PYTEST)

test-guests: setup
	@scripts/guests
	WLVM_GALLERY=1 WLVM_TEST_DEADLINE=180 .venv/bin/python -m pytest tests/gallery -o faulthandler_timeout=600 $(PYTEST)

docs-guests:
	.venv/bin/python -m tests.gallery.results

workstation:
	@scripts/setup run
	@scripts/workstation $(WORKSTATION) -- .venv/bin/wlvm demo --backend drm

lint: setup
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .
	.venv/bin/mypy

bench: setup
	.venv/bin/python -m bench $(BENCH)

bench-check:
	@scripts/setup check
	.venv/bin/python -m bench.check $(BENCH)

bench-workstation: setup
	@scripts/fetch-qemu11
	@scripts/workstation -- env WLVM_QEMUS=$(abspath .cache/qemu-11/qemu-system-x86_64) .venv/bin/python -m bench.flips $(BENCH)

screenshots: setup
	.venv/bin/python scripts/screenshots

setup:
	@scripts/setup test

peers:
	@scripts/setup peers
	@scripts/fetch-qemu10

guests:
	@if [ -e guests/testcard/Makefile ]; then $(MAKE) --no-print-directory -C guests/testcard; fi

qemu-10:
	@scripts/fetch-qemu10

wlcs: setup
	@scripts/wlcs $(WLCS)

clean:
	@if [ -L .venv ]; then rm -f .venv; else rm -rf .venv; fi
	rm -rf .cache build *.egg-info .mypy_cache .ruff_cache .pytest_cache
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +
