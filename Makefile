# SPDX-License-Identifier: GPL-2.0
# -Wextra as the kernel means it: the harness has parameters that it does not
# use, and what an initializer leaves out is zero on purpose.
CFLAGS += -Wall -Wextra -O2
CFLAGS += -Wno-unused-parameter -Wno-missing-field-initializers
CFLAGS += $(KHDR_INCLUDES) $(TOOLS_INCLUDES)
LDFLAGS += -pthread
LOCAL_HDRS += $(wildcard *.h)

TEST_GEN_PROGS := proc_maps_selftest proc_maps_tearing proc_maps_stress
TEST_GEN_PROGS += proc_mmap_latency
TEST_GEN_PROGS_EXTENDED := latency_bench latency_sample bystander
TEST_PROGS_EXTENDED := run_tests.sh

ifneq ($(wildcard ../lib.mk),)
include ../lib.mk
else
include outside.mk
endif
