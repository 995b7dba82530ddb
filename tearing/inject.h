/* SPDX-License-Identifier: GPL-2.0 */
/*
 * inject.h - faults that look like those of a broken kernel
 */
#ifndef PROC_TEARING_INJECT_H
#define PROC_TEARING_INJECT_H

#include "stage.h"

/**
 * inject_fault() - inject a fault into a transition
 * @stage:	stage of this process
 * @inject:	fault, about the first page that is mapped in all layouts:
 *		g  gap: the page is unmapped for 20 us
 *		p  permissions: the page has other permissions for 20 us
 *		b  block: this process sleeps in the kernel, and no transition ends any more
 *
 * Another fault, i for idle, is injected by modifier(): no transition is made without a
 * limit.
 */
void inject_fault(const struct stage *stage, char inject);

#endif /* PROC_TEARING_INJECT_H */
