/* SPDX-License-Identifier: MIT */
/*
 * nearest.c - which name was meant by one that is misspelt: the fewest letters
 * left out, put in, changed, or swapped with their neighbour.
 */
#include <twinfs/error.h>

#include <stdint.h>
#include <string.h>

#define LONGEST 32 /* of a name that is compared; paths and sentences are no misspelt names */

static unsigned least(unsigned a, unsigned b)
{
	return a < b ? a : b;
}

/* How many changes make @b of @a. */
static unsigned distance(const char *a, size_t a_len, const char *b, size_t b_len)
{
	unsigned rows[3][LONGEST + 1]; /* of the letters of @a: the two before, and this one */

	for (unsigned j = 0; j <= b_len; j++)
		rows[0][j] = j;
	for (unsigned i = 1; i <= a_len; i++) {
		unsigned *now = rows[i % 3];
		const unsigned *last = rows[(i + 2) % 3], *before = rows[(i + 1) % 3];

		now[0] = i;
		for (unsigned j = 1; j <= b_len; j++) {
			now[j] = least(last[j], now[j - 1]) + 1;
			now[j] = least(now[j], last[j - 1] + (a[i - 1] != b[j - 1]));
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
				now[j] = least(now[j], before[j - 2] + 1);
		}
	}
	return rows[a_len % 3][b_len];
}

const char *twinfs_nearest(const char *name, const char *const *names, size_t count)
{
	const size_t len = strlen(name);
	/* One change in three letters, and one in any case: "ls" is near "lst", not near "rm". */
	unsigned best = len < 5 ? 1 : (unsigned)(len + 1) / 3;
	const char *found = NULL;

	if (len < 2 || len > LONGEST)
		return NULL;
	for (size_t i = 0; i < count; i++) {
		const size_t other = strlen(names[i]);
		unsigned far;

		if (other > LONGEST)
			continue;
		/* a beginning is as near as one wrong letter */
		far = other > len && !strncmp(name, names[i], len)
			      ? 1
			      : distance(name, len, names[i], other);
		if (far && (far < best || (far == best && !found))) {
			best = far;
			found = names[i];
		}
	}
	return found;
}
