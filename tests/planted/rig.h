/* SPDX-License-Identifier: MIT */
/*
 * rig.h - a small module in files of the current directory, and an application
 * that works on it while the run is recorded.
 */
#ifndef TEST_PLANTED_RIG_H
#define TEST_PLANTED_RIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <twinfs/module.h>

#define RIG_IMAGE   "planted.img"
#define RIG_TRACE   "planted.trace"
#define RIG_PROFILE "./planted.json"

struct rig {
	struct twinfs_module *module;
	struct twinfs_volume *user; /* while the module is on */
};

/* How to open the image. */
struct twinfs_source rig_source(void);
struct twinfs_module_options rig_options(enum twinfs_policy policy);

/*
 * Makes the image of a module with littlefs version @format: a few files, of which
 * /usr/main.py, /usr/net.py and /usr/logo.bin are protected. Every failure, in
 * here and below, ends the program.
 */
void rig_make(unsigned format);

/* Opens it and boots it; off again and closed by rig_close(). */
void rig_open(struct rig *rig, enum twinfs_policy policy);
void rig_close(struct rig *rig);

/* Makes all of the user partition empty, as it is before the first boot. */
void rig_empty(struct rig *rig);
void rig_boot(struct rig *rig);

/* Content number @version of @len bytes: two of them differ in every line. */
void rig_put(struct rig *rig, const char *path, unsigned version, size_t len);
void rig_put_text(struct rig *rig, const char *path, const char *text);

/* Changes the bytes from @off on, and keeps the others. */
void rig_change(struct rig *rig, const char *path, unsigned version, size_t off, size_t len);
void rig_cut_off(struct rig *rig, const char *path, size_t len);
void rig_mkdir(struct rig *rig, const char *path);
void rig_rename(struct rig *rig, const char *from, const char *to);
void rig_unlink(struct rig *rig, const char *path);
void rig_rmdir(struct rig *rig, const char *path);
void rig_store(struct rig *rig, unsigned slot, unsigned version);

#endif
