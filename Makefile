# SPDX-License-Identifier: GPL-2.0
# -Wextra as the kernel means it: the harness has parameters that it does not
# use, and what an initializer leaves out is zero on purpose.
CFLAGS += -Wall -Wextra -O2
CFLAGS += -Wno-unused-parameter -Wno-missing-field-initializers
CFLAGS += $(KHDR_INCLUDES) $(TOOLS_INCLUDES)
LDFLAGS += -pthread
LOCAL_HDRS += $(wildcard lib/*.h model/*.h tearing/*.h stress/*.h latency/*.h bench/*.h)

TEST_GEN_PROGS := proc_maps_selftest proc_maps_tearing proc_maps_stress
TEST_GEN_PROGS += proc_mmap_latency
TEST_GEN_PROGS_EXTENDED := latency_bench latency_sample bystander monitor_bench
TEST_PROGS_EXTENDED := run_tests.sh

ifneq ($(wildcard ../lib.mk),)
include ../lib.mk

# The parts of each program, beside its own file.  _GNU_SOURCE is undefined first, since
# lib.mk of some releases defines it with another value.  The kernel's types come first,
# since the linux/types.h of tools/include has fewer of them.
$(OUTPUT)/proc_%: CFLAGS += -U_GNU_SOURCE -D_GNU_SOURCE -D__SANE_USERSPACE_TYPES__ -include asm/types.h
$(OUTPUT)/proc_maps_tearing: $(wildcard lib/*.c model/*.c tearing/*.c)
$(OUTPUT)/proc_maps_stress: $(wildcard lib/*.c model/*.c tearing/*.c stress/*.c)
$(OUTPUT)/proc_maps_selftest: $(wildcard lib/*.c model/*.c tearing/*.c stress/*.c)
$(OUTPUT)/proc_maps_selftest: $(wildcard latency/*.c)
$(OUTPUT)/proc_mmap_latency: $(wildcard lib/*.c model/*.c latency/*.c)

# Of several parts.
$(filter %/monitor_bench,$(TEST_GEN_PROGS_EXTENDED)): $(wildcard bench/monitor_*.c)

# The benchmarks lie in a folder of their own, which lib.mk's rule does not know.
$(TEST_GEN_PROGS_EXTENDED): CFLAGS += -U_GNU_SOURCE -D_GNU_SOURCE -D__SANE_USERSPACE_TYPES__ -include asm/types.h
$(TEST_GEN_PROGS_EXTENDED): $(OUTPUT)/%: bench/%.c bench/sources.c $(wildcard lib/*.c model/*.c latency/*.c) $(LOCAL_HDRS)
	$(call msg,CC,,$@)
	$(Q)$(LINK.c) $(filter-out $(LOCAL_HDRS),$^) $(LDLIBS) -o $@
else
include scripts/outside.mk
endif
