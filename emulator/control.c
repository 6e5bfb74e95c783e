/* SPDX-License-Identifier: MIT */
/*
 * control.c - the files of .twinfs/, made anew for each opener.
 */
#include "control.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <twinfs/boot.h>
#include <twinfs/module.h>

#include "node.h"
#include "state.h"

static const struct {
	const char *text;
	enum tw_emu_word word;
} words[] = {
	{"restart", TW_EMU_RESTART},
	{"off", TW_EMU_OFF},
	{"on", TW_EMU_ON},
	{"cut", TW_EMU_CUT},
};

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

int tw_emu_control_parse(const char *data, size_t len, enum tw_emu_word *ret_word)
{
	while (len && is_blank(data[len - 1]))
		len--;
	while (len && is_blank(*data)) {
		data++;
		len--;
	}
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (strlen(words[i].text) == len && !memcmp(words[i].text, data, len)) {
			*ret_word = words[i].word;
			return 0;
		}
	}
	return -EINVAL;
}

/* "on" or "off"; after a cut its cause in a second line. */
static char *power_text(struct tw_emu *emu)
{
	char cause[TWINFS_FAULT_CAUSE_MAX];
	char *text;

	if (twinfs_module_is_on(emu->module))
		return strdup("on");
	if (!twinfs_module_cause(emu->module, cause, sizeof(cause)))
		return strdup("off");
	return asprintf(&text, "off\n%s", cause) < 0 ? NULL : text;
}

static char *supply_text(struct tw_emu *emu)
{
	char *text;

	return asprintf(&text, "%u", twinfs_module_supply_mv(emu->module)) < 0 ? NULL : text;
}

/* NULL: out of memory. */
static char *make_text(struct tw_emu *emu, uint64_t ino)
{
	switch (ino) {
	case TW_EMU_INO_STATUS:
		return twinfs_module_status_json(emu->module);
	case TW_EMU_INO_BOOT:
		return twinfs_boot_report_json(twinfs_module_last_boot(emu->module));
	case TW_EMU_INO_SUPPLY:
		return supply_text(emu);
	case TW_EMU_INO_WEAR:
		return twinfs_module_wear_json(emu->module);
	default:
		return power_text(emu);
	}
}

int tw_emu_control_text(struct tw_emu *emu, uint64_t ino, char **ret_text)
{
	char *text;
	int rc = 0;

	(void)pthread_rwlock_rdlock(&emu->power);
	text = make_text(emu, ino);
	(void)pthread_rwlock_unlock(&emu->power);
	if (!text)
		return -ENOMEM;
	if (*text && text[strlen(text) - 1] == '\n')
		*ret_text = text;
	else if (asprintf(ret_text, "%s\n", text) < 0)
		rc = -ENOMEM;
	if (rc < 0 || *ret_text != text)
		free(text);
	return rc;
}
