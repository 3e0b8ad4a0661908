# mmanfs: every task of the project. `make help` lists them.
#
# Nothing is asked of pkg-config, nor of the compiler, while this file is read: on a fresh machine
# neither exists before `make deps`, so the targets that install packages start make anew afterwards.

MAKEFLAGS += --no-builtin-rules --no-print-directory
.SUFFIXES:
.DELETE_ON_ERROR:
.DEFAULT_GOAL := all

# --- What may be set on the command line ---

BUILD    ?= build
PREFIX   ?= /usr/local
JOBS     ?= $(shell nproc 2>/dev/null || echo 2)
V        ?= 0
# A sanitizer list for -fsanitize=, or COVERAGE=1: the targets asan, tsan and coverage set them.
SANITIZE ?=
COVERAGE ?=
# The test sources or scripts that `make test` runs; empty means all of them.
TESTS    ?=
# Seconds that one test may take.
TEST_TIMEOUT ?= 120

ifeq ($(origin CC),default)
CC := gcc
endif
ifeq ($(origin AR),default)
AR := ar
endif

# --- Files ---

MM_SRC   := $(wildcard mm/*.c mm/*/*.c)
FS_SRC   := $(wildcard fs/*.c fs/*/*.c fs/*/*/*.c)
# The command line and FUSE stay out of the library, so that tests link the tree without them.
BIN_SRC  := $(filter fs/main.c fs/fuse.c,$(FS_SRC))
LIB_SRC  := $(filter-out $(BIN_SRC),$(FS_SRC))
# tests/*.c is what test programs share; each file one folder below is a program of its own.
TLIB_SRC := $(wildcard tests/*.c tests/oracle/lib/*.c)
RUN_SRC  := $(wildcard tests/unit/*.c tests/tree/*.c tests/oracle/*.c tests/fuzz/*.c)
AUX_SRC  := $(wildcard tests/mount/*.c tests/bench/*.c)
# tests/oracle/run compiles these, for the guest
GUEST_SRC := $(wildcard tests/oracle/guest/*.c)
TEST_SH  := $(wildcard tests/unit/*.t tests/tree/*.t tests/mount/*.t tests/fuzz/*.t)
C_FILES   = $(MM_SRC) $(FS_SRC) $(TLIB_SRC) $(RUN_SRC) $(AUX_SRC) $(GUEST_SRC)
H_FILES   = $(wildcard include/mman/*.h mm/*.h mm/*/*.h fs/*.h fs/*/*.h fs/*/*/*.h tests/*.h tests/*/*.h \
	tests/*/*/*.h)

obj       = $(patsubst %.c,$(BUILD)/%.o,$(1))
RUN_PROG := $(patsubst %.c,$(BUILD)/%,$(RUN_SRC))
AUX_PROG := $(patsubst %.c,$(BUILD)/%,$(AUX_SRC))

# The default build puts the binary where a user looks for it; every other one keeps to its folder.
ifeq ($(BUILD),build)
BINARY := mmanfs
else
BINARY := $(BUILD)/mmanfs
endif

# --- Flags ---

WARNINGS := -Wall -Wextra -Wshadow -Wconversion
CFLAGS   ?= -O3 -g -falign-functions=64
# `_GNU_SOURCE=` (empty) agrees with a plain #define of it in a source file.
CPPFLAGS += -Iinclude -I. -D_GNU_SOURCE=
LANGUAGE := -std=gnu11 -pthread
EXTRA    :=
ifneq ($(SANITIZE),)
EXTRA    += -fsanitize=$(SANITIZE) -fno-sanitize-recover=all -fno-omit-frame-pointer -O1
endif
ifneq ($(COVERAGE),)
EXTRA    += --coverage -O0
endif
COMPILE   = $(CC) $(CPPFLAGS) $(LANGUAGE) $(WARNINGS) $(CFLAGS) $(EXTRA)
LINK      = $(CC) $(LANGUAGE) $(CFLAGS) $(EXTRA) $(LDFLAGS)
# compresses captures
ZLIB     := -lz

# Asked once, when the first recipe needs the answer. As a system header, so that our warnings are ours.
FUSE_CFLAGS = $(eval FUSE_CFLAGS := $$(patsubst -I%,-isystem%,$$(shell pkg-config --cflags fuse3)))$(FUSE_CFLAGS)
FUSE_LIBS   = $(eval FUSE_LIBS := $$(shell pkg-config --libs fuse3))$(FUSE_LIBS)

ifeq ($(V),1)
Q   :=
say  = @:
else
Q   := @
say  = @printf '  %-7s %s\n'
endif

# A make started by a recipe works in parallel unless a -j was given already.
PARALLEL = $(if $(filter -j%,$(MAKEFLAGS)),,-j$(JOBS))

# --- Building ---

.PHONY: all tests
all: $(BINARY)
tests: $(RUN_PROG) $(AUX_PROG)

$(BINARY): $(call obj,$(BIN_SRC)) $(BUILD)/libfs.a $(BUILD)/libmm.a
	$(say) LINK $@
	$(Q)$(LINK) -o $@ $(filter %.o,$^) $(filter %.a,$^) $(FUSE_LIBS) $(ZLIB) $(LDLIBS)

$(BUILD)/libmm.a: $(call obj,$(MM_SRC)) $(BUILD)/libmm.list
$(BUILD)/libfs.a: $(call obj,$(LIB_SRC)) $(BUILD)/libfs.list
$(BUILD)/libtest.a: $(call obj,$(TLIB_SRC)) $(BUILD)/libtest.list

$(BUILD)/lib%.a:
	$(say) AR $@
	$(Q)rm -f $@ && $(AR) rcs $@ $(filter %.o,$^)

# mm comes last and alone: an engine that called the tree would not link.
$(RUN_PROG) $(AUX_PROG): $(BUILD)/%: $(BUILD)/%.o $(BUILD)/libtest.a $(BUILD)/libfs.a $(BUILD)/libmm.a
	$(say) LINK $@
	$(Q)$(LINK) -o $@ $< $(BUILD)/libtest.a $(BUILD)/libfs.a $(BUILD)/libmm.a $(TEST_LIBS) $(ZLIB) $(LDLIBS)

$(filter $(BUILD)/tests/bench/%,$(AUX_PROG)): TEST_LIBS = $(FUSE_LIBS)
$(call obj,$(BIN_SRC) $(filter tests/bench/%,$(AUX_SRC))): MORE_CFLAGS = $(FUSE_CFLAGS)

$(BUILD)/%.o: %.c $(BUILD)/flags | $(BUILD)/toolchain
	$(say) CC $<
	@mkdir -p $(@D)
	$(Q)$(COMPILE) $(MORE_CFLAGS) -MMD -MP -c -o $@ $<

# valgrind is installed by `make bench`, when this may be built already without its header
$(BUILD)/valgrind: FORCE
	$(call remember,$(wildcard /usr/include/valgrind/callgrind.h))
$(BUILD)/tests/bench/reclaim.o: $(BUILD)/valgrind

# .incbin
$(BUILD)/fs/twin/script.o: fs/twin/capture.sh fs/twin/capture.awk

-include $(patsubst %.o,%.d,$(call obj,$(C_FILES)))

# A word instead of a page of compiler errors when packages are missing.
$(BUILD)/toolchain:
	@command -v $(firstword $(CC)) >/dev/null || \
		{ echo "no compiler '$(firstword $(CC))': 'make deps' installs what is missing" >&2; exit 1; }
	@pkg-config --exists fuse3 zlib 2>/dev/null || \
		{ echo "libfuse3 or zlib not found: 'make deps' installs what is missing" >&2; exit 1; }
	@mkdir -p $(@D) && touch $@

# These change only when their text does: other flags compile everything again, and a library forgets
# a source file that is gone.
remember = @mkdir -p $(@D); printf '%s\n' '$(subst ','\'',$(1))' | cmp -s - $@ || printf '%s\n' '$(subst ','\'',$(1))' >$@
.PHONY: FORCE
$(BUILD)/flags: FORCE
	$(call remember,$(COMPILE))
$(BUILD)/libmm.list: FORCE
	$(call remember,$(MM_SRC))
$(BUILD)/libfs.list: FORCE
	$(call remember,$(LIB_SRC))
$(BUILD)/libtest.list: FORCE
	$(call remember,$(TLIB_SRC))

# --- Testing ---

SUITE = $(if $(TESTS),$(patsubst %.c,$(BUILD)/%,$(TESTS)),$(RUN_PROG) $(TEST_SH))
export MMANFS = $(abspath $(BINARY))
export MMANFS_BUILD = $(abspath $(BUILD))

.PHONY: check test asan tsan soak coverage bench demo check-kernel check-mutants check-tools deps
check: deps
	@$(MAKE) $(PARALLEL) test
	@$(MAKE) $(PARALLEL) asan

# A chosen test program needs only itself; scripts may use anything.
test: $(if $(TESTS),$(filter-out %.t,$(SUITE)) $(if $(filter %.t,$(TESTS)),all tests),all tests)
	@MMANFS_TEST_TIMEOUT=$(TEST_TIMEOUT) prove -j$(JOBS) --exec tests/run $(SUITE)

asan:
	@$(MAKE) $(PARALLEL) BUILD=$(BUILD)/asan SANITIZE=address,undefined TEST_TIMEOUT=300 test

tsan:
	@$(MAKE) $(PARALLEL) BUILD=$(BUILD)/tsan SANITIZE=thread TEST_TIMEOUT=300 test

# MINUTES=N, SEED=N: new seeds for all that is random, under the address sanitizer.
soak:
	@$(MAKE) $(PARALLEL) BUILD=$(BUILD)/asan SANITIZE=address,undefined all tests
	@MMANFS=$(abspath $(BUILD)/asan/mmanfs) MMANFS_BUILD=$(abspath $(BUILD)/asan) scripts/soak $(or $(MINUTES),10) $(SEED)

coverage:
	@$(MAKE) $(PARALLEL) BUILD=$(BUILD)/coverage COVERAGE=1 CC=gcc TEST_TIMEOUT=300 test
	@scripts/coverage $(BUILD)/coverage

bench:
	@scripts/deps build run test bench
	@$(MAKE) $(PARALLEL) all tests
	@tests/bench/run

demo: deps
	@$(MAKE) $(PARALLEL) all
	@scripts/demo

# SEED=N draws fresh cases, CASE=NAME asks one, MACHINE=NAME boots one: then nothing is recorded.
check-kernel:
	@scripts/deps build run test guest
	@$(MAKE) $(PARALLEL) $(BUILD)/tests/oracle/compare
	@MMANFS_BUILD=$(abspath $(BUILD)) tests/oracle/run $(if $(SEED),--seed $(SEED)) $(if $(CASE),--case $(CASE)) \
		$(if $(MACHINE),--machine $(MACHINE))

# Is a wrong format, errno or constant found out? Patches copies of the sources.
check-mutants:
	@scripts/deps build test
	@tests/oracle/mutants

# Installs monitors, some of which are services: not part of `check`, which tests those that are there.
check-tools:
	@scripts/deps build run test monitors
	@scripts/kernel-tools $(BUILD)/kernel-tools || true
	@$(MAKE) $(PARALLEL) test TESTS="$(wildcard tests/mount/exec-*.t)"

deps:
	@scripts/deps build run test

# --- Style ---

.PHONY: format lint
format:
	@scripts/deps lint
	@clang-format -i $(C_FILES) $(H_FILES)

lint:
	@scripts/deps build lint
	@JOBS=$(JOBS) scripts/lint --std=gnu11 $(CPPFLAGS) $(FUSE_CFLAGS) -- $(C_FILES) $(H_FILES)

# --- Installing ---

bindir   = $(DESTDIR)$(PREFIX)/bin
mandir   = $(DESTDIR)$(PREFIX)/share/man
compdir  = $(DESTDIR)$(PREFIX)/share/bash-completion/completions
docdir   = $(DESTDIR)$(PREFIX)/share/doc/mmanfs
datadir  = $(DESTDIR)$(PREFIX)/share/mmanfs
MAN      = $(wildcard docs/*.[1-8] docs/man/*.[1-8])
DOCS     = README.md LICENSE $(wildcard docs/*.md)
COMPLETION = $(wildcard scripts/mmanfs.bash-completion)
SAMPLES  = $(wildcard sample-scripts/*)
mansect  = $(mandir)/man$(patsubst .%,%,$(suffix $(1)))

.PHONY: install uninstall clean help
install: all
	install -D -m 755 $(BINARY) $(bindir)/mmanfs
	$(foreach m,$(MAN),install -D -m 644 $(m) $(call mansect,$(m))/$(notdir $(m)) &&) :
	$(foreach c,$(COMPLETION),install -D -m 644 $(c) $(compdir)/mmanfs &&) :
	$(foreach d,$(DOCS),install -D -m 644 $(d) $(docdir)/$(notdir $(d)) &&) :
	$(if $(SAMPLES),mkdir -p $(datadir) && rm -rf $(datadir)/sample-scripts && cp -R sample-scripts $(datadir)/)

uninstall:
	rm -f $(bindir)/mmanfs $(compdir)/mmanfs
	rm -f $(foreach m,$(MAN),$(call mansect,$(m))/$(notdir $(m)))
	rm -rf $(docdir) $(datadir)

clean:
	rm -rf $(BUILD) $(BINARY)

help:
	@scripts/help
