/* SPDX-License-Identifier: MIT */
/*
 * image.h - what the partition table needs to know of an open image.
 */
#ifndef TW_IMAGE_IMAGE_H
#define TW_IMAGE_IMAGE_H

#include <pthread.h>
#include <twinfs/image.h>

/* The descriptor of the image's only file; -1 for several files and for memory. */
int tw_image_fd(const struct twinfs_image *image);

/*
 * Guards the file offset of that descriptor, which libfdisk moves. Whoever
 * reads or seeks by the descriptor holds it.
 */
pthread_mutex_t *tw_image_fd_lock(const struct twinfs_image *image);

#endif
