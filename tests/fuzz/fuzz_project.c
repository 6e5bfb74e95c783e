/* SPDX-License-Identifier: MIT */
/*
 * fuzz_project.c - the name of a project in a main.py.
 *
 * What is found can be part of a file name, and assigned anew gives the same.
 */
#include "fuzz.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <twinfs/firmware.h>

static void check_text(const char *text, size_t size)
{
	size_t len = strnlen(text, size);

	fuzz_hold(len && len < size); /* part of a file name: "." is fine */
	for (size_t i = 0; i < len; i++)
		fuzz_hold(text[i] != '/' && (unsigned char)text[i] >= 0x20 && text[i] != 0x7f);
}

static size_t assign(char *to, size_t room, const char *name, const char *value)
{
	size_t len = (size_t)snprintf(to, room, "%s = '", name);

	for (; *value; value++) {
		if (*value == '\'' || *value == '\\')
			to[len++] = '\\';
		to[len++] = *value;
	}
	to[len++] = '\'';
	to[len++] = '\n';
	return len;
}

static void check_again(const struct twinfs_project *project)
{
	struct twinfs_project again;
	struct twinfs_error err = {0};
	char text[600];
	size_t len = assign(text, sizeof(text), "PROJECT_NAME", project->name);

	len += assign(text + len, sizeof(text) - len, "PROJECT_VERSION", project->version);
	fuzz_must(twinfs_project_parse(text, len, &again, &err) == 0, "%s", err.text);
	fuzz_hold(!strcmp(again.name, project->name) && !strcmp(again.version, project->version));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct twinfs_project project;
	struct twinfs_error err = {0};
	int rc;

	if (size > 16384)
		return -1;
	rc = twinfs_project_parse((const char *)data, size, &project, &err);
	fuzz_must(rc == 0 || ((rc == -ENOENT || rc == -EINVAL) && err.text[0]), "%d", rc);
	if (rc)
		return 0;
	check_text(project.name, sizeof(project.name));
	check_text(project.version, sizeof(project.version));
	check_again(&project);
	return 0;
}
