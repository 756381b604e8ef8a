# adele: make, make demo, make check, make bench, make lint, make doc,
#        make install PREFIX=/usr/local
# Variables: CC=clang, SAN=1 (address and undefined-behaviour sanitizers),
#            ARCH=native (or x86-64, x86-64-v3, ..), BUILD=build, WERROR=1,
#            V=1 (show the commands)

CC     ?= cc
ARCH   ?= native
PREFIX ?= /usr/local
BUILD  ?= build

ifdef SAN
O := $(BUILD)/san
else
O := $(BUILD)
endif

VERSION := 0.1
COMMIT  := $(shell git describe --always --dirty 2>/dev/null)

ifdef V
Q :=
else
Q := @
endif

WARN := -Wall -Wextra -Wpedantic -Wshadow -Wmissing-prototypes \
        -Wstrict-prototypes -Wpointer-arith -Wwrite-strings -Wundef
ifdef WERROR
WARN += -Werror
endif
CFLAGS  ?= -O2 -g
ALL_CFLAGS = -std=gnu11 $(CFLAGS) -march=$(ARCH) -fopenmp -fno-math-errno \
         -ffp-contract=off $(WARN) -MMD -MP -Isrc \
         -DADELE_VERSION='"$(VERSION)"' -DADELE_PREFIX='"$(PREFIX)"' \
         $(shell pkg-config --cflags openblas hdf5 2>/dev/null)
# OpenBLAS before GSL, and neither -llapack nor -lgslcblas: see doc/developer.
LIBS = -llapacke $(shell pkg-config --libs openblas hdf5 fftw3 yaml-0.1 libpng zlib readline 2>/dev/null) \
         -lgsl -lm -ldl
ifdef SAN
ALL_CFLAGS += -fsanitize=address,undefined -fno-omit-frame-pointer \
         -fno-sanitize-recover=undefined
endif

STYLES := $(sort $(wildcard src/styles/*/*.c))
SOURCE := src/adele.c $(sort $(wildcard src/*/*.c)) $(STYLES)
OBJECT := $(SOURCE:src/%.c=$O/obj/%.o) $O/obj/registry_table.o
LIB    := $O/libadele.a
TESTS  := $(patsubst tests/unit/%.c,$O/tests/%,$(wildcard tests/unit/*.c))
TESTLIB:= $(patsubst tests/lib/%.c,$O/obj/tests/%.o,$(wildcard tests/lib/*.c))
BENCHES:= $(patsubst tests/bench/%.c,$O/bench/%,$(wildcard tests/bench/*.c))

.PHONY: all demo check run-check bench run-bench lint doc install clean deps \
        tests mutate
all: $O/adele

$O/adele: $O/obj/main.o $(LIB)
	@echo '  link $@'
	$(Q)$(CC) $(ALL_CFLAGS) -rdynamic -o $@ $< -Wl,--whole-archive $(LIB) -Wl,--no-whole-archive $(LIBS)

# The archive is made anew so that a removed style leaves it.
$(LIB): $(OBJECT)
	@rm -f $@
	@echo '  ar   $@'
	$(Q)ar rcs $@ $(OBJECT)

# Kernels that want fused multiply-adds.
$O/obj/la/lanes.o $(patsubst %,$O/obj/elec/%.o,cavity_single cavity_double moments_single moments_double): ALL_CFLAGS += -O3 -ffp-contract=fast
# Loops over lanes are worth vectors although they are short.
$O/obj/ml/irreps.o $O/obj/ml/irreps_lanes.o: ALL_CFLAGS += -O3

$O/obj/ml/net_single.o $O/obj/ml/net_double.o: ALL_CFLAGS += -O3

# Kernels for processors that are asked for when the program runs: they are
# compiled whatever ARCH is.
ON_AVX2 := $O/obj/ml/gemm_avx2.o $O/obj/ml/activation_avx2.o
ON_AVX512 := $O/obj/ml/gemm_avx512.o $O/obj/ml/activation_avx512.o \
             $O/obj/ml/gemm_native_bf16.o
$(ON_AVX2) $(ON_AVX512) $O/obj/ml/activation_plain.o: ALL_CFLAGS += -O3
ifneq (,$(findstring x86_64,$(shell $(CC) -dumpmachine)))
$(ON_AVX2): ALL_CFLAGS += -mavx2 -mfma
$(ON_AVX512): ALL_CFLAGS += -mfma -mavx512f -mavx512vl -mavx512dq -mprefer-vector-width=512
$O/obj/ml/gemm_native_bf16.o: ALL_CFLAGS += -mavx512bf16
endif

$O/obj/%.o: src/%.c Makefile
	@mkdir -p $(@D)
	@echo '  cc   $<'
	$(Q)$(CC) $(ALL_CFLAGS) -c -o $@ $<

# Rewritten only when the list of styles changed.
$O/registry_table.c: tools/registry.sh FORCE
	@mkdir -p $(@D)
	@sh tools/registry.sh $(STYLES) >$@.new
	@cmp -s $@.new $@ && rm $@.new || mv $@.new $@
$O/obj/registry_table.o: $O/registry_table.c
	@mkdir -p $(@D)
	$(Q)$(CC) $(ALL_CFLAGS) -c -o $@ $<
FORCE:

# What the tests share stays between builds.
.SECONDARY: $(TESTLIB)
tests: $(TESTS)
$O/tests/%: tests/unit/%.c $(TESTLIB) $(LIB)
	@mkdir -p $(@D)
	@echo '  link $@'
	$(Q)$(CC) $(ALL_CFLAGS) -Itests/lib -o $@ $< $(TESTLIB) $(LIB) -lcmocka $(LIBS)
$O/obj/tests/%.o: tests/lib/%.c Makefile
	@mkdir -p $(@D)
	@echo '  cc   $<'
	$(Q)$(CC) $(ALL_CFLAGS) -Itests/lib -c -o $@ $<
$O/bench/%: tests/bench/%.c $(LIB)
	@mkdir -p $(@D)
	@echo '  link $@'
	$(Q)$(CC) $(ALL_CFLAGS) -o $@ $< $(LIB) $(LIBS)

deps:
	@CC="$(CC)" sh tools/deps.sh check

demo:
	@CC="$(CC)" sh tools/deps.sh build
	@+$(MAKE) --no-print-directory all
	@sh tools/demo.sh $O/adele

check: deps
	@+$(MAKE) --no-print-directory run-check
run-check: all tests
	@sh tools/check.sh $O

bench: deps
	@+$(MAKE) --no-print-directory run-bench
run-bench: all $(BENCHES)
	@sh tools/bench.sh $O

# Hours on two cores: replaces parts of each style and wants its tests to fail.
mutate: deps
	@sh tools/mutate.sh $O

lint:
	@CC="$(CC)" sh tools/deps.sh check lint
	@sh tools/lint.sh

doc:
	@CC="$(CC)" sh tools/deps.sh doc
	@+$(MAKE) --no-print-directory all
	@sh tools/doc.sh $O

install: all
	install -D $O/adele $(DESTDIR)$(PREFIX)/bin/adele
	install -D -m 644 $(LIB) $(DESTDIR)$(PREFIX)/lib/libadele.a
	for f in potentials/*.yaml; do \
	    install -D -m 644 $$f $(DESTDIR)$(PREFIX)/share/adele/$$f; done
	install -D -m 644 src/adele.h $(DESTDIR)$(PREFIX)/include/adele.h
	for h in $$(cd src && find . -name '*.h'); do \
	    install -D -m 644 src/$$h $(DESTDIR)$(PREFIX)/include/adele/$$h; done
	for f in potentials examples doc; do \
	    mkdir -p $(DESTDIR)$(PREFIX)/share/adele; \
	    cp -R $$f $(DESTDIR)$(PREFIX)/share/adele/; done

clean:
	rm -rf $(BUILD)

-include $(shell find $O -name '*.d' 2>/dev/null)
