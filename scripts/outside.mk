# SPDX-License-Identifier: GPL-2.0
#
# The same targets outside a kernel tree: run_tests.sh provides a tree, and the
# work is done there, by the kernel's own lib.mk.  KDIR=/path/to/linux says
# which tree; without it, one comes from the distribution.

# The programs are built here, where a reader of the sources looks for them.
OUTPUT ?= $(CURDIR)

# Exported, so that run_tests.sh hears of it.
export KDIR

PASSED_ON := all run_tests install emit_tests

all:

$(PASSED_ON):
	@dir=$$(sh ./run_tests.sh tree) && \
	$(MAKE) --no-print-directory -C "$$dir" OUTPUT="$(OUTPUT)" $@

# "make proc_maps_tearing" is built by lib.mk's rule too, not by make's own.
$(TEST_GEN_PROGS) $(TEST_GEN_PROGS_EXTENDED):
	@dir=$$(sh ./run_tests.sh tree) && \
	$(MAKE) --no-print-directory -C "$$dir" OUTPUT="$(OUTPUT)" \
		"$(OUTPUT)/$@"

clean:
	$(RM) $(addprefix $(OUTPUT)/,$(TEST_GEN_PROGS) $(TEST_GEN_PROGS_EXTENDED))

distclean: clean
	$(RM) -r .tree

check check-lab check-mainline check-mutants bench:
	@sh ./run_tests.sh $@

.PHONY: $(PASSED_ON) $(TEST_GEN_PROGS) $(TEST_GEN_PROGS_EXTENDED) clean distclean check check-lab check-mainline check-mutants bench
