/* SPDX-License-Identifier: MIT */
/*
 * array.h - lists in memory that grow by doubling.
 */
#ifndef TW_BASE_ARRAY_H
#define TW_BASE_ARRAY_H

#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

static inline int tw_array_grow_bytes(void **list, size_t *room, size_t count, size_t size)
{
	size_t more = *room ? *room * 2 : 8;
	void *grown;

	if (count < *room)
		return 0;
	if (more > SIZE_MAX / 2 / size)
		return -ENOMEM;
	grown = realloc(*list, more * size);
	if (!grown)
		return -ENOMEM;
	*list = grown;
	*room = more;
	return 0;
}

/*
 * Makes room for one more behind @count elements of the list that @list points
 * to, and that has @room. 0 or -ENOMEM: all is as before.
 */
#define tw_array_grow(list, room, count)                                                           \
	__extension__({                                                                            \
		void *tw_list = *(list);                                                           \
		int tw_rc = tw_array_grow_bytes(&tw_list, (room), (count), sizeof(**(list)));      \
		*(list) = tw_list;                                                                 \
		tw_rc;                                                                             \
	})

#endif
