# SPDX-License-Identifier: GPL-2.0
# The harness itself has parameters that it does not use.
CFLAGS += -Wall -Wextra -Wno-unused-parameter -O2
CFLAGS += $(KHDR_INCLUDES) $(TOOLS_INCLUDES)
LDFLAGS += -pthread
LOCAL_HDRS += $(wildcard *.h)

TEST_GEN_PROGS := proc_maps_selftest proc_maps_tearing proc_mmap_latency
TEST_PROGS_EXTENDED := run_tests.sh

ifneq ($(wildcard ../lib.mk),)
include ../lib.mk
else
include outside.mk
endif
