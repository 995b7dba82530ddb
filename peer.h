/* SPDX-License-Identifier: GPL-2.0 */
/*
 * peer.h - child processes that neither outlive nor block their parent
 *
 * A peer dies with the thread that started it (PR_SET_PDEATHSIG), whatever
 * killed that thread: `timeout --foreground` and the harness kill the test
 * program only, and a scanner or a hog left behind would poison every test
 * that follows.  Nothing here waits without a bound.
 *
 * A peer must not use the harness's ASSERT_*(): they would run the fixture's
 * teardown in the wrong process.  It reports by its exit code and in shared
 * memory.
 */
#ifndef PROC_PEER_H
#define PROC_PEER_H

#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* From <linux/sched.h>, which does not go with each libc's <sched.h>. */
#ifndef SCHED_RESET_ON_FORK
#define SCHED_RESET_ON_FORK 0x40000000
#endif
#define RUN_DEADLINE 6

/* The same number on all architectures. */
#ifndef SYS_pidfd_send_signal
#define SYS_pidfd_send_signal 424
#endif
#ifndef SYS_pidfd_open
#define SYS_pidfd_open 434
#endif

/*
 * syscall() takes the kernel's struct timespec, not libc's: where a 32-bit libc
 * has a 64-bit time_t, that is the one of the call ending in _time64.
 */
static inline long futex(_Atomic uint32_t *word, int op, uint32_t value,
			 const struct timespec *timeout)
{
#ifdef SYS_futex_time64
	if (sizeof(timeout->tv_sec) > sizeof(long))
		return syscall(SYS_futex_time64, word, op, value, timeout,
			       NULL, 0);
#endif
#ifdef SYS_futex
	return syscall(SYS_futex, word, op, value, timeout, NULL, 0);
#endif
}

#define NSEC_PER_SEC 1000000000LL
#define NSEC_PER_MSEC 1000000LL
#define NSEC_PER_USEC 1000LL

/** now_ns() - CLOCK_MONOTONIC in nanoseconds. */
static inline int64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * NSEC_PER_SEC + ts.tv_nsec;
}

/** compare_ns() - which of two times is longer, for qsort(); none is negative. */
static inline int compare_ns(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

/** nap_ns() - sleep @ns nanoseconds; a signal ends the nap early. */
static inline void nap_ns(int64_t ns)
{
	struct timespec ts = {
		.tv_sec = ns / NSEC_PER_SEC,
		.tv_nsec = ns % NSEC_PER_SEC,
	};

	nanosleep(&ts, NULL);
}

/* Whoever is waiting looks at least this often... */
#define PATIENCE_LOOK_NS (500 * NSEC_PER_USEC)
/* ...and no two looks count as more, where timers are exact. */
#define PATIENCE_STEP_NS NSEC_PER_MSEC

/**
 * struct patience - what is left of the time that somebody is given
 * @left_ns:	so much
 * @looked_ns:	when it was looked at last
 * @step_ns:	two looks count as no more
 *
 * Time counts as far as whoever waits was let run itself.  A virtual machine on
 * a busy host stands still for seconds, and that proves of nobody in it that he
 * is stuck.
 */
struct patience {
	int64_t left_ns;
	int64_t looked_ns;
	int64_t step_ns;
};

/**
 * patience_step() - what two looks may count as
 * @timer_ns:	how exact timers are
 *
 * Where timers go by ticks, a short sleep lasts for the rest of one and for another
 * one: to count less of it would make minutes of seconds.
 */
static inline int64_t patience_step(int64_t timer_ns)
{
	return timer_ns < PATIENCE_LOOK_NS ? PATIENCE_STEP_NS :
	       PATIENCE_STEP_NS + 2 * timer_ns;
}

/* How exact timers are: a nanosecond, or a tick. */
static inline int64_t timer_resolution(void)
{
	struct timespec ts;

	if (clock_getres(CLOCK_MONOTONIC, &ts))
		return 1;
	return ts.tv_sec * NSEC_PER_SEC + ts.tv_nsec;
}

static inline struct patience patience_of(int64_t ns)
{
	return (struct patience){
		.left_ns = ns,
		.looked_ns = now_ns(),
		.step_ns = patience_step(timer_resolution()),
	};
}

/* It is looked at, at @now. */
static inline bool patience_look(struct patience *patience, int64_t now)
{
	int64_t step = now - patience->looked_ns;

	patience->looked_ns = now;
	patience->left_ns -= step < patience->step_ns ? step :
							patience->step_ns;
	return patience->left_ns <= 0;
}

/** patience_lost() - to be asked every PATIENCE_LOOK_NS or more often */
static inline bool patience_lost(struct patience *patience)
{
	return patience_look(patience, now_ns());
}

/**
 * run_on() - pin a thread to a CPU
 * @tid:	the thread, 0 for this one
 * @cpu:	the CPU
 *
 * Return: false where that is refused.
 */
static inline bool run_on(pid_t tid, int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	return !sched_setaffinity(tid, sizeof(set), &set);
}

/*
 * So long may a thread run at real-time priority and not sleep once; then a signal
 * of the kernel's ends its process, whatever else gets no CPU.  What the tests do
 * takes no tenth of it.
 */
#define RT_LONGEST_NS (3 * NSEC_PER_SEC)

/* Not where a limit is lower: see run_plainly(). */
static bool rt_refused;

/* By system call: musl's sched_setscheduler() does nothing but fail. */
static inline bool run_as(pid_t tid, int policy, int priority)
{
	struct sched_param param = { .sched_priority = priority };

	return !syscall(SYS_sched_setscheduler, tid, policy, &param);
}

/* This thread's policy; what becomes of its children is none of it. */
static inline int run_policy(void)
{
	return syscall(SYS_sched_getscheduler, 0) & ~SCHED_RESET_ON_FORK;
}

/* Real-time priority is bounded; false where a lower bound is set already. */
static inline bool rt_bound(void)
{
	const rlim_t longest = RT_LONGEST_NS / NSEC_PER_USEC;
	struct rlimit limit;

	if (getrlimit(RLIMIT_RTTIME, &limit) ||
	    (limit.rlim_max != RLIM_INFINITY && limit.rlim_max < longest))
		return false;
	limit.rlim_cur = longest;
	return !setrlimit(RLIMIT_RTTIME, &limit);
}

/**
 * run_plainly() - have this thread's policy be the normal one
 *
 * To be called before anything is started: at the real-time priority that was
 * inherited, all that spins here would keep its CPU from all that could end it;
 * and at SCHED_DEADLINE there are no children.
 *
 * Return: false where it has to stay at real-time priority.
 */
static inline bool run_plainly(void)
{
	/* Who may not do that may do it if children do not inherit their nice. */
	if (!run_as(0, SCHED_OTHER, 0))
		run_as(0, SCHED_OTHER | SCHED_RESET_ON_FORK, 0);
	rt_refused = !rt_bound();
	return run_policy() != SCHED_FIFO && run_policy() != SCHED_RR &&
	       run_policy() != RUN_DEADLINE;
}

/** task_state() - 'R', 'S', 'D' ... as in /proc/PID/stat; '?' where there is none. */
static inline char task_state(pid_t tid)
{
	char path[32], stat[256];
	const char *state = NULL;
	ssize_t got = 0;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)tid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd >= 0) {
		got = read(fd, stat, sizeof(stat) - 1);
		close(fd);
	}
	if (got > 0) {
		stat[got] = '\0';
		/* The name before it may hold anything. */
		state = strrchr(stat, ')');
	}
	return state && state[1] == ' ' ? state[2] : '?';
}

/**
 * struct known - a process that is none of our children, whose number may become
 * another one's
 * @pid:	its number
 * @fd:		a descriptor of it; -1 before 5.3, and of a thread
 */
struct known {
	pid_t pid;
	int fd;
};

/** known_open() - get hold of a process that is there now */
static inline struct known known_open(pid_t pid)
{
	struct known known = { .pid = pid };

	known.fd = syscall(SYS_pidfd_open, pid, 0);
	return known;
}

static inline void known_close(struct known *known)
{
	if (known->fd >= 0)
		close(known->fd);
	known->fd = -1;
}

/** known_signal() - as kill(), of the process that it was */
static inline bool known_signal(const struct known *known, int sig)
{
	if (known->fd < 0)
		return !kill(known->pid, sig);
	return !syscall(SYS_pidfd_send_signal, known->fd, sig, NULL, 0);
}

/** known_gone() - it has ended; its parent may not have been told so */
static inline bool known_gone(const struct known *known)
{
	struct pollfd end = { .fd = known->fd, .events = POLLIN };

	if (known->fd >= 0)
		return poll(&end, 1, 0) == 1;
	return strchr("ZX?", task_state(known->pid));
}

/**
 * shared_alloc() - zeroed memory that a process shares with its peers
 * @size: bytes
 *
 * Return: the memory, to be freed with munmap(), or NULL.
 */
static inline void *shared_alloc(size_t size)
{
	void *p = mmap(NULL, size, PROT_READ | PROT_WRITE,
		       MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	return p == MAP_FAILED ? NULL : p;
}

/**
 * word_wait() - sleep while *@word is @value
 * @word:	a word in shared memory
 * @value:	the value that is not waited for
 * @timeout_ns:	how long at most
 *
 * Return: 0 when *@word is different, -ETIMEDOUT when it never was.
 */
static inline int word_wait(_Atomic uint32_t *word, uint32_t value,
			    int64_t timeout_ns)
{
	int64_t deadline = now_ns() + timeout_ns;
	int64_t slice = 10 * NSEC_PER_MSEC;

	while (atomic_load(word) == value) {
		int64_t left = deadline - now_ns();
		struct timespec ts;

		if (left <= 0)
			return -ETIMEDOUT;
		/*
		 * A lost wake-up (the writer was killed) costs one slice.  They
		 * grow, or a thousand peers at a gate would keep a CPU busy.
		 */
		if (left > slice)
			left = slice;
		if (slice < NSEC_PER_SEC)
			slice *= 2;
		ts.tv_sec = left / NSEC_PER_SEC;
		ts.tv_nsec = left % NSEC_PER_SEC;
		futex(word, FUTEX_WAIT, value, &ts);
	}
	return 0;
}

/**
 * word_await() - as word_wait(), of who should answer at once
 * @word:	a word in shared memory
 * @value:	the value that is not waited for
 * @patience_ns: as for struct patience
 *
 * Return: 0 when *@word is different, -ETIMEDOUT when it never was.
 */
static inline int word_await(_Atomic uint32_t *word, uint32_t value,
			     int64_t patience_ns)
{
	struct patience patience = patience_of(patience_ns);

	while (word_wait(word, value, PATIENCE_LOOK_NS))
		if (patience_lost(&patience))
			return -ETIMEDOUT;
	return 0;
}

/** word_set() - store @value in *@word and wake all that wait for it. */
static inline void word_set(_Atomic uint32_t *word, uint32_t value)
{
	atomic_store(word, value);
	futex(word, FUTEX_WAKE, INT32_MAX, NULL);
}

/**
 * struct gate - a start gate in shared memory; zeroed means closed
 * @arrived:	how many peers stand before it
 * @open:	whether they may go
 */
struct gate {
	_Atomic uint32_t arrived;
	_Atomic uint32_t open;
};

/**
 * gate_pass() - a peer's side: arrive, then wait until the gate is open
 * @gate:	the gate
 * @timeout_ns:	how long at most
 *
 * Return: 0 or -ETIMEDOUT.
 */
static inline int gate_pass(struct gate *gate, int64_t timeout_ns)
{
	atomic_fetch_add(&gate->arrived, 1);
	futex(&gate->arrived, FUTEX_WAKE, INT32_MAX, NULL);
	return word_wait(&gate->open, 0, timeout_ns);
}

/**
 * gate_open() - the parent's side: open the gate when everybody is there
 * @gate:	the gate
 * @peers:	how many are expected
 * @timeout_ns:	how long to wait for them at most
 *
 * Return: 0, or -ETIMEDOUT with the gate still closed.
 */
static inline int gate_open(struct gate *gate, uint32_t peers,
			    int64_t timeout_ns)
{
	int64_t deadline = now_ns() + timeout_ns;
	uint32_t seen;

	while ((seen = atomic_load(&gate->arrived)) < peers)
		if (word_wait(&gate->arrived, seen, deadline - now_ns()))
			return -ETIMEDOUT;
	word_set(&gate->open, 1);
	return 0;
}

/**
 * struct peer - a child process
 * @pid:	its PID; 0 when there is none (never started, or reaped)
 * @status:	its wait status once it was reaped
 */
struct peer {
	pid_t pid;
	int status;
};

/**
 * die_with_parent() - have this process killed when its parent goes
 * @parent:	who the parent is believed to be
 *
 * Exits at once where the parent is gone already.
 */
static inline void die_with_parent(pid_t parent)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(EXIT_FAILURE);
}

static inline void peer_bind_self(void)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
}

/**
 * peer_hush() - let go of standard output and error
 *
 * For a peer that the kernel may hold for good, even when it is killed: whoever
 * reads what the program prints would wait for the end of it as long.
 */
static inline void peer_hush(void)
{
	int fd = open("/dev/null", O_WRONLY | O_CLOEXEC);

	if (fd < 0)
		return;
	dup2(fd, STDOUT_FILENO);
	dup2(fd, STDERR_FILENO);
	close(fd);
}

/**
 * peer_bind_forks() - have every child from now on die with its parent
 *
 * For the processes that are not ours to start: the harness runs each test in
 * a grandchild, and a runner that has had enough kills the program alone.  To
 * be called once, early, as by a constructor.
 */
static inline void peer_bind_forks(void)
{
	pthread_atfork(NULL, NULL, peer_bind_self);
}

/**
 * peer_start() - run a function in a child process
 * @peer:	filled in
 * @fn:		the function; its return value becomes the exit code
 * @arg:	its argument
 *
 * Return: 0 or -errno.
 */
static inline int peer_start(struct peer *peer, int (*fn)(void *arg),
			     void *arg)
{
	pid_t parent = getpid();
	pid_t pid = fork();

	if (pid < 0)
		return -errno;
	if (!pid) {
		die_with_parent(parent);
		_exit(fn(arg));
	}
	peer->pid = pid;
	peer->status = 0;
	return 0;
}

/** peer_alive() - whether @peer runs; reaps it where it has died. */
static inline bool peer_alive(struct peer *peer)
{
	if (peer->pid && waitpid(peer->pid, &peer->status, WNOHANG) != 0)
		peer->pid = 0;
	return peer->pid;
}

/**
 * peer_wait() - wait until a peer has ended
 * @peer:	the peer
 * @patience_ns: as for struct patience
 *
 * Return: its exit code, 128 + N when signal N ended it, or -ETIMEDOUT.
 */
static inline int peer_wait(struct peer *peer, int64_t patience_ns)
{
	struct patience patience = patience_of(patience_ns);

	while (peer_alive(peer)) {
		if (patience_lost(&patience))
			return -ETIMEDOUT;
		nap_ns(200 * NSEC_PER_USEC);
	}
	return WIFSIGNALED(peer->status) ? 128 + WTERMSIG(peer->status) :
					   WEXITSTATUS(peer->status);
}

/**
 * peer_kill() - end a peer, whatever state it is in
 * @peer:	the peer
 *
 * Five seconds for SIGKILL to take effect.  Longer means that it gets no CPU, or
 * that the kernel holds it in an uninterruptible sleep; the caller must see which.
 *
 * Return: 0, or -ETIMEDOUT when it would not die.
 */
static inline int peer_kill(struct peer *peer)
{
	if (!peer->pid)
		return 0;
	kill(peer->pid, SIGKILL);
	return peer_wait(peer, 5 * NSEC_PER_SEC) == -ETIMEDOUT ? -ETIMEDOUT : 0;
}

/* Until it is killed. */
static inline int peer_rest(void *arg)
{
	for (;;)
		pause();
	return arg ? 1 : 0;
}

/* What the tests of this folder need at most, beyond what they measure. */
#define ROOM_CHILDREN 12
#define ROOM_FILES 16
#define ROOM_BYTES (32UL << 20)

/**
 * room_missing() - do this process's limits leave room for the tests?
 *
 * Where they do not, nothing that fails later says anything about readings.  The
 * harness itself needs children, so this is to be asked before it starts.  Leaves
 * behind whatever policy of the scheduler was inherited.
 *
 * Return: NULL, or the reason why not, in words that do not vary.
 */
static inline const char *room_missing(void)
{
	struct peer peer[ROOM_CHILDREN] = { 0 };
	struct rlimit files;
	unsigned int i;
	void *bytes;
	int err = 0;

	if (!run_plainly())
		return "not permitted to leave real-time priority";
	if (!getrlimit(RLIMIT_NOFILE, &files) && files.rlim_cur < ROOM_FILES)
		return "too few file descriptors allowed";
	bytes = mmap(NULL, ROOM_BYTES, PROT_NONE,
		     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (bytes == MAP_FAILED)
		return "too little address space allowed";
	munmap(bytes, ROOM_BYTES);
	for (i = 0; i < ROOM_CHILDREN && !err; i++)
		err = peer_start(&peer[i], peer_rest, NULL);
	for (i = 0; i < ROOM_CHILDREN; i++)
		peer_kill(&peer[i]);
	return err ? "too few processes allowed" : NULL;
}

#endif /* PROC_PEER_H */
