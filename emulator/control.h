/* SPDX-License-Identifier: MIT */
/*
 * control.h - what the files of .twinfs/ say, and the words that power takes.
 */
#ifndef TW_EMULATOR_CONTROL_H
#define TW_EMULATOR_CONTROL_H

#include <stddef.h>
#include <stdint.h>

struct tw_emu;

enum tw_emu_word {
	TW_EMU_RESTART,
	TW_EMU_OFF,
	TW_EMU_ON,
	TW_EMU_CUT,
};

/* The power word in @len bytes at @data; blanks around it do not count. 0 or -EINVAL. */
int tw_emu_control_parse(const char *data, size_t len, enum tw_emu_word *ret_word);

/*
 * The content of the control file @ino now, ending with a newline; free() it.
 * Takes the power lock. 0 or -ENOMEM.
 */
int tw_emu_control_text(struct tw_emu *emu, uint64_t ino, char **ret_text);

#endif
