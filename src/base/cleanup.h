/* SPDX-License-Identifier: MIT */
/*
 * cleanup.h - resources that are released when their variable leaves scope.
 *
 *	_cleanup_free_ char *text = strdup(other);
 *	_cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC);
 *	_cleanup_unlock_ pthread_mutex_t *guard = tw_lock(&mutex);
 *	return tw_steal(&text);     hands over instead of freeing
 */
#ifndef TW_BASE_CLEANUP_H
#define TW_BASE_CLEANUP_H

#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

static inline void tw_cleanup_free(void *where)
{
	free(*(void **)where);
}

static inline void tw_cleanup_close(const int *fd)
{
	if (*fd >= 0)
		(void)close(*fd); /* errors of writing are seen by fsync before */
}

static inline pthread_mutex_t *tw_lock(pthread_mutex_t *mutex)
{
	(void)pthread_mutex_lock(mutex); /* fails only for errors of ours */
	return mutex;
}

static inline void tw_cleanup_unlock(pthread_mutex_t **mutex)
{
	if (*mutex)
		(void)pthread_mutex_unlock(*mutex);
}

static inline pthread_rwlock_t *tw_lock_read(pthread_rwlock_t *lock)
{
	(void)pthread_rwlock_rdlock(lock);
	return lock;
}

static inline pthread_rwlock_t *tw_lock_write(pthread_rwlock_t *lock)
{
	(void)pthread_rwlock_wrlock(lock);
	return lock;
}

static inline void tw_cleanup_rwunlock(pthread_rwlock_t **lock)
{
	if (*lock)
		(void)pthread_rwlock_unlock(*lock);
}

#define _cleanup_(function) __attribute__((cleanup(function), unused))
#define _cleanup_free_      _cleanup_(tw_cleanup_free)
#define _cleanup_close_     _cleanup_(tw_cleanup_close)
#define _cleanup_unlock_    _cleanup_(tw_cleanup_unlock)
#define _cleanup_rwunlock_  _cleanup_(tw_cleanup_rwunlock)

/* The pointer at @where, which no longer owns it. */
#define tw_steal(where)                                                                            \
	__extension__({                                                                            \
		__typeof__(*(where)) tw_it = *(where);                                             \
		*(where) = NULL;                                                                   \
		tw_it;                                                                             \
	})

/* The file descriptor at @fd, which no longer owns it. */
static inline int tw_steal_fd(int *fd)
{
	int it = *fd;

	*fd = -1;
	return it;
}

#endif
