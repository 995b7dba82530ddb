# SPDX-License-Identifier: GPL-2.0
CFLAGS += -Wall -Wextra -O2 -D_GNU_SOURCE
CFLAGS += $(KHDR_INCLUDES) $(TOOLS_INCLUDES)
LDFLAGS += -pthread
LOCAL_HDRS += $(wildcard *.h)

TEST_GEN_PROGS := proc_maps_selftest proc_maps_tearing proc_mmap_latency

include ../lib.mk
