/* SPDX-License-Identifier: MIT */
/*
 * run_sandbox.c - what CPython sees: /usr and /bak of the module, and below a
 * hidden directory what it needs itself. Nothing else of this computer, nor its
 * network, unless that is allowed; and root is nobody special in there.
 *
 *	/usr, /bak            of the mount
 *	/.twinfs/root         the whole mount: control files, SecureData
 *	/.twinfs/python       start.py and the modules of the device
 *	/.twinfs/bin          the interpreter and the dynamic linker
 *	/.twinfs/lib/pythonX.Y, /.twinfs/so/N   its library, shared libraries
 *
 * The layout is a list, which two executors bring about: this process by itself
 * in a mount namespace, or bubblewrap by its command line. MicroPython needs none
 * of it, since its files are what is mounted in its own table of mounts.
 */
#include "run.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>

#include "tool.h"

/* ---- words ---- */

void tw_run_word(struct tw_run_words *words, const char *format, ...)
{
	va_list args;
	char **list;

	if (words->count + 2 > words->room) {
		list = reallocarray(words->list, words->room + 64, sizeof(*list));
		words->is_short |= !list;
		if (!list)
			return;
		words->list = list;
		words->room += 64;
	}
	if (words->is_short)
		return;
	va_start(args, format);
	if (vasprintf(&words->list[words->count], format, args) < 0)
		words->is_short = true;
	else
		words->count++;
	va_end(args);
	words->list[words->count] = NULL;
}

void tw_run_words_release(struct tw_run_words *words)
{
	for (size_t i = 0; i < words->count; i++)
		free(words->list[i]);
	free(words->list);
	*words = (struct tw_run_words){0};
}

/* ---- the layout ---- */

/* Takes @from and @to, made by asprintf: NULL when memory ran out. */
static int add(struct tw_run_layout *layout, char *from, char *to, bool is_writable)
{
	if (!from || !to || layout->count == TW_RUN_BINDS) {
		free(from);
		free(to);
		return -ENOMEM;
	}
	layout->binds[layout->count++] = (struct tw_run_bind){from, to, is_writable};
	return 0;
}

static char *print(const char *format, ...) __attribute__((format(printf, 1, 2)));

static char *print(const char *format, ...)
{
	va_list args;
	char *text;

	va_start(args, format);
	if (vasprintf(&text, format, args) < 0)
		text = NULL;
	va_end(args);
	return text;
}

static int add_mount(struct tw_run_layout *layout, const struct tw_run_mount *mount)
{
	static const char *const trees[] = {"/usr", "/bak"};
	int code = 0;

	for (size_t i = 0; code == 0 && i < sizeof(trees) / sizeof(*trees); i++) {
		char *from = print("%s%s", mount->root, trees[i]);

		if (from && access(from, F_OK) < 0)
			free(from); /* a module without this partition */
		else
			code = add(layout, from, strdup(trees[i]), true);
	}
	if (code == 0)
		code = add(layout, strdup(mount->root), strdup(TW_RUN_INSIDE_ROOT), true);
	return code;
}

static int add_shared(struct tw_run_layout *layout, const struct tw_run_python *python)
{
	int code = 0;

	for (size_t i = 0; code == 0 && python->shared[i]; i++) {
		char *path = print("%s%s" TW_RUN_INSIDE "/so/%zu", i ? layout->path : "",
			i ? ":" : "", i);

		free(layout->path);
		layout->path = path;
		code = path ? add(layout, strdup(python->shared[i]),
				      print(TW_RUN_INSIDE "/so/%zu", i), false)
			    : -ENOMEM;
	}
	return code;
}

/* "/usr/lib/python3.11" is found by its last two names below any other prefix. */
static char *below_home(const char *library)
{
	const char *from = library + strlen(library);

	for (int names = 2; names && from > library; names--)
		for (from--; from > library && *from != '/'; from--)
			;
	return print(TW_RUN_INSIDE "%s", from);
}

static int add_python(struct tw_run_layout *layout, const struct tw_run_python *python)
{
	int code = add(layout, strdup(python->program), strdup(TW_RUN_INSIDE_PROGRAM), false);

	if (code == 0)
		code = add(layout, strdup(python->library), below_home(python->library), false);
	if (code == 0 && python->platform)
		code = add(layout, strdup(python->platform), below_home(python->platform), false);
	if (code == 0 && python->loader)
		code = add(layout, strdup(python->loader), strdup(TW_RUN_INSIDE_LOADER), false);
	return code == 0 ? add_shared(layout, python) : code;
}

int tw_run_layout_make(struct tw_run *run)
{
	struct tw_run_layout *layout = &run->layout;
	int code;

	*layout = (struct tw_run_layout){.view = run->mount.view, .has_network = run->has_network};
	code = add_mount(layout, &run->mount);
	if (code == 0)
		code = add(layout, strdup(run->modules), strdup(TW_RUN_INSIDE_MODULES), false);
	if (code == 0)
		code = add_python(layout, &run->python);
	return code < 0 ? tw_tool_no_memory(TW_RUN_VERB) : 0;
}

void tw_run_layout_release(struct tw_run_layout *layout)
{
	for (size_t i = 0; i < layout->count; i++) {
		free(layout->binds[i].from);
		free(layout->binds[i].to);
	}
	free(layout->path);
}

/* ---- in a mount namespace ---- */

static int put(const char *path, const char *text)
{
	_cleanup_close_ int fd = open(path, O_WRONLY | O_CLOEXEC);

	if (fd < 0 || write(fd, text, strlen(text)) < 0)
		return -errno;
	return 0;
}

/* Who we are stays: the mount lets in nobody else. */
static int map_ids(uid_t uid, gid_t gid)
{
	char text[64];
	int code = put("/proc/self/setgroups", "deny");

	if (code < 0 && code != -ENOENT)
		return code;
	(void)snprintf(text, sizeof(text), "%u %u 1", uid, uid);
	code = put("/proc/self/uid_map", text);
	if (code < 0)
		return code;
	(void)snprintf(text, sizeof(text), "%u %u 1", gid, gid);
	return put("/proc/self/gid_map", text);
}

/* Root may do it by itself; who may not does it as the root of a user namespace. */
static int leave_namespace(const struct tw_run_layout *layout, const char **ret_step)
{
	const int wanted = CLONE_NEWNS | CLONE_NEWIPC | (layout->has_network ? 0 : CLONE_NEWNET);
	uid_t uid = geteuid();
	gid_t gid = getegid();
	int code;

	*ret_step = "a namespace";
	if (unshare(wanted) == 0)
		return 0;
	if (unshare(CLONE_NEWUSER | wanted) < 0)
		return -errno;
	code = map_ids(uid, gid);
	return code;
}

/* Makes the directories above @path, and @path: a directory, or an empty file. */
static int make_place(char *path, bool is_dir)
{
	for (char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		int failed;

		*slash = '\0';
		failed = mkdir(path, 0755) < 0 && errno != EEXIST;
		*slash = '/';
		if (failed)
			return -errno;
	}
	if (is_dir)
		return mkdir(path, 0755) < 0 && errno != EEXIST ? -errno : 0;
	_cleanup_close_ int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);

	return fd < 0 ? -errno : 0;
}

/* Flags that a mount of somebody else's has must stay. */
static int make_read_only(const char *path)
{
	static const struct {
		unsigned long stat, mount;
	} flags[] = {
		{ST_NOSUID, MS_NOSUID},
		{ST_NODEV, MS_NODEV},
		{ST_NOEXEC, MS_NOEXEC},
		{ST_NOATIME, MS_NOATIME},
		{ST_NODIRATIME, MS_NODIRATIME},
		{ST_RELATIME, MS_RELATIME},
	};
	unsigned long kept = 0;
	struct statvfs attr;

	if (statvfs(path, &attr) < 0)
		return -errno;
	for (size_t i = 0; i < sizeof(flags) / sizeof(*flags); i++)
		if (attr.f_flag & flags[i].stat)
			kept |= flags[i].mount;
	if (mount(NULL, path, NULL, MS_REMOUNT | MS_BIND | MS_RDONLY | kept, NULL) < 0)
		return -errno;
	return 0;
}

static int bring_in(const struct tw_run_layout *layout, const struct tw_run_bind *bind)
{
	_cleanup_free_ char *path = print("%s%s", layout->view, bind->to);
	struct stat attr;
	int code;

	if (!path)
		return -ENOMEM;
	if (stat(bind->from, &attr) < 0)
		return -errno;
	code = make_place(path, S_ISDIR(attr.st_mode));
	if (code < 0)
		return code;
	if (mount(bind->from, path, NULL, MS_BIND | MS_REC, NULL) < 0)
		return -errno;
	return bind->is_writable ? 0 : make_read_only(path);
}

static int change_root(const struct tw_run_layout *layout)
{
	if (chdir(layout->view) < 0 || syscall(SYS_pivot_root, ".", ".") < 0 ||
		umount2(".", MNT_DETACH) < 0 || chdir("/") < 0)
		return -errno;
	return 0;
}

/* Of root: a program that it starts has them no more, since it may gain none (PR_SET_NO_NEW_PRIVS). */
static int drop_capabilities(void)
{
	struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3] = {{0}};

	return syscall(SYS_capset, &head, none) < 0 ? -errno : 0;
}

int tw_run_layout_enter(const struct tw_run_layout *layout, const char **ret_step)
{
	int code = leave_namespace(layout, ret_step);

	if (code < 0)
		return code;
	*ret_step = "mounts of its own";
	if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
		mount("tmpfs", layout->view, "tmpfs", MS_NOSUID | MS_NODEV, "mode=755") < 0)
		return -errno;
	for (size_t i = 0; i < layout->count; i++) {
		*ret_step = layout->binds[i].from;
		code = bring_in(layout, &layout->binds[i]);
		if (code < 0)
			return code;
	}
	*ret_step = "a root of its own";
	code = make_read_only(layout->view);
	if (code == 0)
		code = change_root(layout);
	return code < 0 ? code : drop_capabilities();
}

/* ---- by bubblewrap ---- */

void tw_run_layout_words(const struct tw_run_layout *layout, struct tw_run_words *words)
{
	/* No --unshare-pid: its first process would be what dies with bwrap, and the interpreter later. */
	static const char *const shut[] = {
		"bwrap", "--die-with-parent", "--unshare-ipc", "--cap-drop", "ALL"};

	for (size_t i = 0; i < sizeof(shut) / sizeof(*shut); i++)
		tw_run_word(words, "%s", shut[i]);
	if (!layout->has_network)
		tw_run_word(words, "--unshare-net");
	for (size_t i = 0; i < layout->count; i++) {
		tw_run_word(words, layout->binds[i].is_writable ? "--bind" : "--ro-bind");
		tw_run_word(words, "%s", layout->binds[i].from);
		tw_run_word(words, "%s", layout->binds[i].to);
	}
	tw_run_word(words, "--remount-ro");
	tw_run_word(words, "/");
	tw_run_word(words, "--chdir");
	tw_run_word(words, "/");
	tw_run_word(words, "--");
}
