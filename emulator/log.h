/* SPDX-License-Identifier: MIT */
/*
 * log.h - what the daemon has to say: to stderr in the foreground, to syslog
 * in the background. Never the content of a file or slot, never a key.
 *
 * Threads   tw_emu_log() may run at once with itself.
 */
#ifndef TW_EMULATOR_LOG_H
#define TW_EMULATOR_LOG_H

#include <stdarg.h>
#include <stdbool.h>

enum tw_emu_level {
	TW_EMU_ERROR,
	TW_EMU_WARNING,
	TW_EMU_INFO,
	TW_EMU_DEBUG,
};

struct tw_emu_log {
	enum tw_emu_level level; /* up to which it speaks */
	bool to_syslog;
	const char *verb; /* in front of each line on stderr */
};

void tw_emu_log_write(const struct tw_emu_log *log, enum tw_emu_level level, const char *format,
	...) __attribute__((format(printf, 3, 4)));
void tw_emu_log_writev(const struct tw_emu_log *log, enum tw_emu_level level, const char *format,
	va_list args) __attribute__((format(printf, 3, 0)));

/* One line; control bytes in it are escaped. errno survives; a level that is off costs a test. */
#define tw_emu_log(log, at, ...)                                                                   \
	do {                                                                                       \
		if ((at) <= (log)->level)                                                          \
			tw_emu_log_write((log), (at), __VA_ARGS__);                                \
	} while (0)

#endif
