// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <string.h>
#include <sys/mman.h>

#include "target.h"
#include "../lib/clock.h"
#include "../model/change.h"
#include "../tearing/stage.h"

/*
 * Number of pages that the verifier thread checks at a time, with the lock
 * held.  More would delay forks.
 */
#define STRESS_STRIDE 16

int stress_fail(struct stress *stress, const struct mismatch *mismatch,
		const char *finder)
{
	if (!atomic_exchange(&stress->mismatched, true)) {
		if (mismatch)
			stress->mismatch = *mismatch;
		stress->finder = finder;
		stress->race->error = -EBADMSG;
	}
	return -EBADMSG;
}

void stress_lock(struct stress *stress)
{
	atomic_fetch_add(&stress->wanted, 1);
	pthread_mutex_lock(&stress->lock);
	atomic_fetch_sub(&stress->wanted, 1);
}

void stress_unlock(struct stress *stress)
{
	pthread_mutex_unlock(&stress->lock);
}

int region_check(struct stress *stress, size_t from, size_t to,
		 const char *finder)
{
	struct mismatch mismatch;
	size_t i;

	for (i = from; i < to; i++)
		if (!page_check(stress->region + i * stress->page, stress->page,
				stress->tag[i], &mismatch))
			return stress_fail(stress, &mismatch, finder);
	atomic_fetch_add(&stress->checked, to - from);
	return 0;
}

void region_write(struct stress *stress, size_t from, size_t to)
{
	uint32_t generation = atomic_fetch_add(&stress->generation, 1) + 1;
	size_t i;

	for (i = from; i < to; i++) {
		stress->tag[i] = page_tag(i, generation);
		page_write(stress->region + i * stress->page, stress->page,
			   stress->tag[i]);
	}
	atomic_fetch_add(&stress->written, to - from);
}

void region_forget(struct stress *stress, size_t page)
{
	stress_lock(stress);
	madvise(stress->region + page * stress->page, stress->page,
		MADV_DONTNEED);
	stress->tag[page] = 0;
	stress_unlock(stress);
}

int region_verify(struct stress *stress, size_t *at)
{
	size_t to = *at + STRESS_STRIDE;
	int err;

	while (stress->wanted && !stress_over(stress))
		sleep_ns(20 * NSEC_PER_USEC);
	pthread_mutex_lock(&stress->lock);
	err = region_check(stress, *at, to, "the process itself");
	if (!err)
		region_write(stress, *at, to);
	pthread_mutex_unlock(&stress->lock);
	if (stress->inject == 'c' && to == stress->size / stress->page)
		stress->region[stress->page + 100] ^= 1;
	*at = to == stress->size / stress->page ? 0 : to;
	return err;
}

bool stage_collapse(const struct stress *stress, const char *draw)
{
	const struct stage *stage = &stress->race->stage;
	unsigned int from, to;
	bool any = false;

	for (from = 0; draw[from]; from = to) {
		to = draw_run(draw, from);
		if (draw[from] != '.' &&
		    !madvise(stage_addr(stage, from),
			     (to - from) * stage->page, MADV_COLLAPSE))
			any = true;
	}
	return any;
}

int stage_verify(struct stress *stress, const char *draw)
{
	uint32_t generation = atomic_fetch_add(&stress->generation, 1) + 1;
	size_t per = stress->race->stage.page / stress->page, n = 0, i;
	struct mismatch mismatch;
	char *p;

	for (i = 0; i < strlen(draw) * per; i++) {
		char letter = draw[i / per];
		uint64_t *tag = &stress->stage_tag[i];

		if (letter == '.' || letter_is_file(letter) ||
		    !(letter_prot(letter) & PROT_READ))
			continue;
		p = (char *)stage_addr(&stress->race->stage, 0) +
		    i * stress->page;
		if (!page_check(p, stress->page, *tag, &mismatch))
			return stress_fail(stress, &mismatch, "the modifier");
		n++;
		if (!(letter_prot(letter) & PROT_WRITE) ||
		    (*tag && (i + generation) % 8))
			continue;
		*tag = page_tag(i, generation);
		page_write(p, stress->page, *tag);
	}
	atomic_fetch_add(&stress->checked, n);
	return 0;
}
