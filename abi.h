/* SPDX-License-Identifier: GPL-2.0 */
/*
 * abi.h - the kernel's types, for who includes this before anything else
 *
 * The linux/types.h of tools/include has __u64 as long long everywhere, and not
 * the types that powerpc and s390 add; asm/types.h has both, where it comes first
 * and is told so.
 */
#ifndef PROC_ABI_H
#define PROC_ABI_H

#define __SANE_USERSPACE_TYPES__
#include <asm/types.h>

#endif /* PROC_ABI_H */
