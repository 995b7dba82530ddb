// SPDX-License-Identifier: GPL-2.0
/*
 * inject.c - faults that look like those of a broken kernel
 */
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "inject.h"
#include "../lib/child.h"
#include "../lib/clock.h"
#include "../model/change.h"

/* Sleep uninterruptibly until this process is killed: a parent waits for its vfork(). */
static void inject_block(void)
{
	if (!vfork()) {
		bind_to_parent();
		pause_forever(NULL);
	}
}

void inject_fault(const struct stage *stage, char inject)
{
	const struct change *change = stage->change;
	unsigned int page = 0, k = 0;

	while (k < change->nr && change->draw[0][page])
		for (k = 0; k < change->nr; k++)
			if (change->draw[k][page] == '.') {
				page++;
				break;
			}
	if (!change->draw[0][page] || letter_is_file(change->draw[0][page]))
		return;
	if (inject == 'b') {
		inject_block();
	} else if (inject == 'g') {
		munmap(stage_addr(stage, page), stage->page);
		spin_ns(20 * NSEC_PER_USEC);
	} else if (inject == 'p') {
		mprotect(stage_addr(stage, page), stage->page, PROT_EXEC);
		spin_ns(20 * NSEC_PER_USEC);
	} else {
		return;
	}
	stage_map(stage, page, 1, change->draw[0][page]);
}
